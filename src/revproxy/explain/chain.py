"""What is asked by a command line, and the chain of redirects from there."""

from __future__ import annotations

import argparse
import dataclasses
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from revproxy.explain.ask import PLAYED, Asked, BadRequestError, Explainer, request_url
from revproxy.explain.played import read_response
from revproxy.explain.story import Story
from revproxy.plan.load import Loaded

LONGEST: Final = 10
"""Redirects that are followed."""


def asked_by(options: argparse.Namespace) -> Asked:
    """The request that options of `revproxy explain` describe. Raises BadRequestError, OSError."""
    fields = []
    for text in options.fields:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise BadRequestError(f"-H takes 'Name: value', not '{text}'")
        fields.append((name.strip(), value.strip()))
    url = options.url
    if options.tls and url.startswith("http:"):
        url = f"https:{url[5:]}"
    response = PLAYED
    if options.response:
        response = read_response(Path(options.response).read_bytes())
    return Asked(
        url,
        options.method.upper(),
        tuple(fields),
        options.client,
        options.data.encode("utf-8"),
        response,
    )


def chain(loaded: Loaded, asked: Asked, *, follow: bool) -> Iterator[Story]:
    """The story of a request, and with `follow` those of the redirects it leads to."""
    yield from stories(Explainer(loaded), asked, (asked.response,), follow=follow)


def stories(
    explainer: Explainer, asked: Asked, responses: Sequence[bytes | None], *, follow: bool
) -> Iterator[Story]:
    """The same; the origin answers by `responses` in turn, the last of which goes on.

    A redirect that leads to what cannot be asked for (mailto:) ends the chain.
    """
    for number in range(LONGEST + 1):
        response = responses[min(number, len(responses) - 1)]
        story = explainer.ask(dataclasses.replace(asked, response=response))
        yield story
        if not follow or story.location is None:
            return
        url = urllib.parse.urljoin(asked.url, story.location).partition("#")[0]
        try:
            request_url(url)
        except BadRequestError:
            return
        keeps = story.status in (307, 308)
        method = asked.method if keeps or asked.method == "HEAD" else "GET"
        asked = dataclasses.replace(
            asked, url=url, method=method, body=asked.body if keeps else b""
        )
