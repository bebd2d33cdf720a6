"""A configuration that tests written in Python ask: `site.get(url)` gives what became of it.

Laws:
- No network, no server: the answer is what the running server would give, to an origin that is
  played.
- Texts are what people write: UTF-8 where octets are valid as that.
"""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from revproxy.explain.ask import PLAYED, Asked, Explainer
from revproxy.explain.chain import stories
from revproxy.explain.played import made_response, read_response
from revproxy.explain.story import Message, Story
from revproxy.explain.text import as_text
from revproxy.plan.load import Loaded, load_file, load_text
from revproxy.trial.cases import FAILURES, Case
from revproxy.trial.coverage import Coverage
from revproxy.trial.judge import acted, decision, upstream
from revproxy.trial.run import Result, run_cases
from revproxy.trial.table import octets

Headers: TypeAlias = Mapping[str, str | list[str]]
Origin: TypeAlias = "str | bytes | Mapping[str, Any] | None"
"""What an origin answers: "down", "broken", a whole message, or a table as in a case; None: 200."""


class Fields(Mapping[str, str]):
    """The header fields of a message, by name in any case; of several lines the first."""

    def __init__(self, message: Message | None) -> None:
        self._message = message or Message("", ())

    def __getitem__(self, name: str) -> str:
        found = self.get_all(name)
        if not found:
            raise KeyError(name)
        return found[0]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self._message.fields))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __repr__(self) -> str:
        return repr({name: ", ".join(self.get_all(name)) for name in self})

    def get_all(self, name: str) -> list[str]:
        """The values of all lines of a name."""
        return [characters(value) for value in self._message.values(name)]


class Answer:
    """What became of a request."""

    def __init__(self, told: tuple[Story, ...]) -> None:
        self.stories = told
        """One, or those of the redirects that were followed."""

    @property
    def story(self) -> Story:
        """The whole story, of the last request."""
        return self.stories[-1]

    @property
    def status(self) -> int:
        return self.story.status

    @property
    def headers(self) -> Fields:
        """The response's header fields."""
        return Fields(self.story.response)

    @property
    def body(self) -> bytes:
        """The response's content, decompressed."""
        return self.story.response.content if self.story.response is not None else b""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> str | None:
        """Where the response leads to."""
        return self.headers.get("Location")

    @property
    def upstream(self) -> str | None:
        """The URL an origin was asked for, None where none was."""
        url = upstream(self.story)
        return None if url is None else characters(url)

    @property
    def upstream_headers(self) -> Fields:
        """The header fields as the origin sees them."""
        return Fields(self.story.asked)

    @property
    def upstream_body(self) -> bytes:
        return self.story.asked.content if self.story.asked is not None else b""

    @property
    def vhost(self) -> str:
        """The name of the virtual host."""
        return characters(self.story.host)

    @property
    def file(self) -> str | None:
        """The file that was served, None where none was."""
        return characters(self.story.file) or None

    @property
    def lines(self) -> list[str]:
        """The lines that did something, as "httpd.conf:12", in order."""
        return list(dict.fromkeys(f"{place.file}:{place.line}" for place in acted(self.story)))

    @property
    def chain(self) -> list[str]:
        """Where the redirects led, one after the other."""
        return [characters(story.location) for story in self.stories if story.location]

    def explain(self) -> str:
        """The story as text."""
        return "\n".join(map(as_text, self.stories))

    def __repr__(self) -> str:
        cause = decision(self.story)
        by = ""
        if cause is not None and cause.place is not None:
            place = cause.place
            by = f" by {place.file}:{place.line}: {characters(place.source.strip())}"
        return f"<{self.status} for {characters(self.story.request.first)}{by}>"


class Site:
    """A configuration that can be asked."""

    def __init__(self, loaded: Loaded, base: str = "") -> None:
        """`base` is what URLs that are none of their own stand below. Raises ConfigError."""
        self._explainer = Explainer(loaded)
        self._base = base
        self.coverage = Coverage(loaded.configuration)
        """What the requests so far have touched."""

    def run(self, case: Case) -> Result:
        """Run one case."""
        (result,) = run_cases(self._explainer, (case,))
        self.coverage.add(result.stories)
        return result

    def below(self, base: str) -> Site:
        """The same site, for URLs below `base`."""
        site = object.__new__(Site)
        site.__dict__.update(self.__dict__, _base=base)
        return site

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Headers | None = None,
        body: str | bytes = b"",
        client: str = "192.0.2.1",
        response: Origin = None,
        follow: bool = False,
    ) -> Answer:
        """What becomes of a request. Raises BadRequestError."""
        asked = Asked(
            octets(urllib.parse.urljoin(self._base, url)),
            method.upper(),
            tuple(_listed(headers or {})),
            client,
            body.encode() if isinstance(body, str) else body,
        )
        told = tuple(stories(self._explainer, asked, (_played(response),), follow=follow))
        self.coverage.add(told)
        return Answer(told)

    def get(self, url: str, **how: Any) -> Answer:
        return self.request("GET", url, **how)

    def head(self, url: str, **how: Any) -> Answer:
        return self.request("HEAD", url, **how)

    def post(self, url: str, **how: Any) -> Answer:
        return self.request("POST", url, **how)

    def put(self, url: str, **how: Any) -> Answer:
        return self.request("PUT", url, **how)

    def delete(self, url: str, **how: Any) -> Answer:
        return self.request("DELETE", url, **how)


def open_site(config: str | Path, *, define: tuple[str, ...] = (), base: str = "") -> Site:
    """The site of a file, or of a text of several lines. Raises ConfigError."""
    if isinstance(config, str) and "\n" in config:
        return Site(load_text(octets(config), "(text)", defines=define), base)
    return Site(load_file(str(config), defines=define), base)


def characters(text: str) -> str:
    """Latin-1 text, one character an octet, as the UTF-8 that it may be."""
    with contextlib.suppress(UnicodeError):
        return text.encode("latin-1").decode("utf-8")
    return text


def _listed(headers: Headers) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        for item in [value] if isinstance(value, str) else value:
            yield octets(name), octets(item)


def _played(response: Origin) -> bytes | None:
    if response is None:
        return PLAYED
    if isinstance(response, str) and response in FAILURES:
        return FAILURES[response]
    if isinstance(response, Mapping):
        return made_response(
            response.get("status", 200),
            tuple(_listed(response.get("headers", {}))),
            octets(response.get("body", "")).encode("latin-1"),
        )
    return read_response(response.encode() if isinstance(response, str) else response)
