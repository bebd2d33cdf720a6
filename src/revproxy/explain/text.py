"""The story as text, as a page that needs nothing else, and as JSON."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from revproxy.errors import Location
from revproxy.explain.story import Message, Story, as_data, changes
from revproxy.lint.report import readable


def as_text(story: Story) -> str:
    """A story as text, its parts in the order they happen."""
    return "\n".join(readable(line) for line in _lines(story)) + "\n"


def _lines(story: Story) -> Iterator[str]:
    yield from _message("Request", f"from {story.client}", story.request)
    yield ""
    yield f"Virtual host  {story.host or 'the main server'}: {story.host_reason}"
    yield from _shown([story.host_place] if story.host_place is not None else [])
    if story.sections:
        yield "Sections, in the order they are merged"
        yield from _shown(story.sections)
    if story.steps:
        yield "What was decided"
    for step in story.steps:
        yield f"  {step.module}: {step.text}"
        yield from _shown(step.places, indent="      ")
    if story.detail:
        yield f"Error log  {story.detail}"
    yield ""
    if story.asked is not None:
        yield f"Origin  {story.origin}"
        yield from _message("  is asked", "", story.asked, since=story.request)
        if story.told is not None:
            yield from _message("  is taken to answer", "", story.told)
        yield ""
    elif story.file:
        yield f"File  {story.file}"
    if story.response is not None:
        yield from _message("Response", "", story.response, since=story.told)


def _message(
    title: str, note: str, message: Message, since: Message | None = None
) -> Iterator[str]:
    yield f"{title}  {message.first}{f'  ({note})' if note else ''}"
    if since is None:
        signs = [(" ", name, value) for name, value in message.fields]
    else:
        found = changes(since, message)
        come = {(name, value) for sign, name, value in found if sign == "+"}
        signs = [("+" if item in come else " ", item[0], item[1]) for item in message.fields]
        signs += [item for item in found if item[0] == "-"]
    for sign, name, value in signs:
        yield f"    {sign} {name}: {value}"
    if message.body:
        yield f"      ({message.body} octets of body)"


def _shown(places: Iterable[Location], indent: str = "    ") -> Iterator[str]:
    for place in places:
        yield f"{indent}{place.file}:{place.line}: {place.source.strip()}"


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; color: #222; }}
h1 {{ font-size: 1.2rem; }}
h2 {{ font-size: 1rem; margin-bottom: .3rem; border-bottom: 1px solid #ddd; }}
pre {{ font: 13px/1.45 ui-monospace, monospace; white-space: pre-wrap; margin: .3rem 0; }}
.place {{ color: #666; font: 12px/1.4 ui-monospace, monospace; display: block; }}
.add {{ color: #0a6b2c; }} .cut {{ color: #a01515; }}
li {{ margin-bottom: .4rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
{parts}
</body>
</html>
"""


def as_page(stories: Iterable[Story]) -> str:
    """A self-contained HTML page of one or more stories."""
    parts: list[str] = []
    title = ""
    for story in stories:
        title = title or f"revproxy explain: {story.request.first}"
        parts += _parts(story)
    return _PAGE.format(title=_escaped(title), parts="\n".join(parts))


def _parts(story: Story) -> Iterator[str]:
    yield f"<h2>Request from {_escaped(story.client)}</h2>{_fields(story.request, None)}"
    yield f"<h2>Virtual host {_escaped(story.host or 'the main server')}</h2>"
    yield f"<p>{_escaped(story.host_reason)}{_places([story.host_place])}</p>"
    if story.sections:
        yield f"<h2>Sections</h2><p>{_places(story.sections)}</p>"
    if story.steps:
        items = "".join(
            f"<li><b>{_escaped(step.module)}</b> {_escaped(step.text)}{_places(step.places)}</li>"
            for step in story.steps
        )
        yield f"<h2>What was decided</h2><ol>{items}</ol>"
    if story.detail:
        yield f"<p class='cut'>{_escaped(story.detail)}</p>"
    if story.asked is not None:
        yield f"<h2>Origin {_escaped(story.origin)} is asked</h2>"
        yield _fields(story.asked, story.request)
    if story.told is not None:
        yield f"<h2>Origin is taken to answer</h2>{_fields(story.told, None)}"
    if story.file:
        yield f"<h2>File</h2><p>{_escaped(story.file)}</p>"
    if story.response is not None:
        yield f"<h2>Response</h2>{_fields(story.response, story.told)}"


def _fields(message: Message, since: Message | None) -> str:
    lines = [_escaped(message.first)]
    found = [] if since is None else changes(since, message)
    come = {(name, value) for sign, name, value in found if sign == "+"}
    for name, value in message.fields:
        text = _escaped(f"{name}: {value}")
        lines.append(f"<span class='add'>+ {text}</span>" if (name, value) in come else f"  {text}")
    lines += [
        f"<span class='cut'>- {_escaped(f'{name}: {value}')}</span>"
        for sign, name, value in found
        if sign == "-"
    ]
    return f"<pre>{chr(10).join(lines)}</pre>"


def _places(places: Iterable[Location | None]) -> str:
    lines = [
        _escaped(f"{place.file}:{place.line}: {place.source.strip()}")
        for place in places
        if place is not None
    ]
    return "".join(f"<span class='place'>{line}</span>" for line in lines)


def _escaped(text: str) -> str:
    return html.escape(readable(text))


def as_json(stories: Iterable[Story]) -> str:
    """A list of stories, one a request."""
    return json.dumps([as_data(story) for story in stories], indent=2) + "\n"


RENDERERS: Final[dict[str, Callable[[Iterable[Story]], str]]] = {
    "text": lambda stories: "\n".join(as_text(story) for story in stories),
    "json": as_json,
    "html": as_page,
}
"""What --format names."""
