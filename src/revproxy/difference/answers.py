"""What two configurations answer to the same request, and in what that differs.

Laws:
- What one configuration answers differently each time (a unique id, a time) is no difference.
- The Date of a response is none either.
"""

from __future__ import annotations

from collections.abc import Iterator

from revproxy.explain.ask import Asked, Explainer
from revproxy.explain.story import Message, Story
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs; None for what is not there."""

    key: str
    """"status", "upstream", "header X", "upstream header X" ..."""
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Different:
    """A request that is answered differently."""

    asked: Asked
    count: int
    """How often it was among the requests."""
    changes: tuple[Change, ...]


def compare(first: Explainer, second: Explainer, asked: Asked, count: int) -> Different | None:
    """Ask both. Raises BadRequestError."""
    before = first.ask(asked)
    changes = list(differences(before, second.ask(asked)))
    if changes:
        volatile = {change.key for change in differences(before, first.ask(asked))}
        changes = [change for change in changes if change.key not in volatile]
    return Different(asked, count, tuple(changes)) if changes else None


def differences(before: Story, after: Story) -> Iterator[Change]:
    """In what two stories of the same request differ, for client and origin."""
    pairs = [
        ("status", str(before.status), str(after.status)),
        ("virtual host", before.host, after.host),
        ("upstream", _asked(before), _asked(after)),
        ("file", before.file or None, after.file or None),
    ]
    for key, old, new in pairs:
        if old != new:
            yield Change(key, old, new)
    if before.asked is not None and after.asked is not None:
        yield from _fields("upstream header", before.asked, after.asked)
        yield from _content("upstream body", before.asked, after.asked)
    if before.response is not None and after.response is not None:
        yield from _fields("header", before.response, after.response)
        yield from _content("body", before.response, after.response)


def _asked(story: Story) -> str | None:
    if story.asked is None:
        return None
    method, _, rest = story.asked.first.partition(" ")
    origin = story.origin.split("/")[:3]
    return f"{method} {'/'.join(origin)}{rest.rpartition(' ')[0]}"


def _fields(what: str, before: Message, after: Message) -> Iterator[Change]:
    names = {name.lower(): name for name, _ in (*after.fields, *before.fields)}
    names.pop("date", None)
    for name in names.values():
        old, new = before.values(name), after.values(name)
        if old != new:
            yield Change(f"{what} {name}", _joined(old), _joined(new))


def _joined(values: list[str]) -> str | None:
    return " | ".join(values) if values else None


def _content(what: str, before: Message, after: Message) -> Iterator[Change]:
    if before.content != after.content:
        yield Change(what, _size(before.content), _size(after.content))


def _size(content: bytes) -> str:
    text = content[:60].decode("latin-1").split("\n")[0]
    return f"{len(content)} octets: {text}" if content else "empty"
