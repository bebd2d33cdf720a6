"""The story of a request: what was decided, by which line, and what came of it."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from revproxy.errors import Location
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One decision."""

    module: str
    text: str
    places: tuple[Location, ...] = ()
    """The lines that it may be by; more than one where the same line stands in several places."""
    acted: bool = True
    """False where the line was looked at and had nothing to do."""


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response as it goes over the wire."""

    first: str
    fields: tuple[tuple[str, str], ...]
    body: int = 0
    """Octets of its body."""
    content: bytes = field(default=b"", repr=False)
    """The body without what framed it on the way."""

    def values(self, name: str) -> list[str]:
        """The values of all fields of a name, in order."""
        return [value for key, value in self.fields if key.lower() == name.lower()]


@dataclass(slots=True)
class Story:
    """All of one request."""

    request: Message
    client: str
    host: str = ""
    """The virtual host's name."""
    host_place: Location | None = None
    """None for the main server."""
    host_reason: str = ""
    sections: tuple[Location, ...] = ()
    covered: tuple[Location, ...] = ()
    """All sections that were in force on the way, also for requests made from this one."""
    steps: list[Step] = field(default_factory=list)
    origin: str = ""
    """The URL asked of an origin, "" where none is."""
    asked: Message | None = None
    told: Message | None = None
    """What the origin was taken to answer."""
    file: str = ""
    response: Message | None = None
    status: int = 0
    detail: str = ""
    """What the error log says of it."""

    @property
    def location(self) -> str | None:
        """Where the response redirects to."""
        fields = self.response.fields if self.response is not None else ()
        found = [value for name, value in fields if name.lower() == "location"]
        return found[0] if 300 <= self.status < 400 and found else None


def changes(before: Message, after: Message) -> list[tuple[str, str, str]]:
    """The fields that differ, as ("+", name, value) and ("-", name, value), in order."""
    old = [(name.lower(), value) for name, value in before.fields]
    new = [(name.lower(), value) for name, value in after.fields]
    gone = [("-", name, value) for name, value in before.fields if (name.lower(), value) not in new]
    come = [("+", name, value) for name, value in after.fields if (name.lower(), value) not in old]
    return gone + come


def as_data(story: Story) -> dict[str, Any]:
    """The story as JSON has it."""
    asked, told, response = story.asked, story.told, story.response
    return {
        "request": _message(story.request),
        "client": story.client,
        "host": {
            "name": story.host,
            "place": _place(story.host_place),
            "reason": story.host_reason,
        },
        "sections": [_place(place) for place in story.sections],
        "steps": [
            {
                "module": step.module,
                "text": step.text,
                "acted": step.acted,
                "places": [_place(place) for place in step.places],
            }
            for step in story.steps
        ],
        "origin": {
            "url": story.origin,
            "request": _message(asked),
            "changes": _changes(story.request, asked),
            "response": _message(told),
        }
        if asked is not None
        else None,
        "file": story.file or None,
        "status": story.status,
        "detail": story.detail or None,
        "response": _message(response),
        "response_changes": _changes(told, response),
    }


def _message(message: Message | None) -> dict[str, Any] | None:
    if message is None:
        return None
    return {"first": message.first, "fields": list(message.fields), "body": message.body}


def _changes(before: Message | None, after: Message | None) -> list[list[str]]:
    if before is None or after is None:
        return []
    return [list(item) for item in changes(before, after)]


def _place(location: Location | None) -> dict[str, Any] | None:
    if location is None:
        return None
    return {
        "file": location.file,
        "line": location.line,
        "text": location.source.strip(),
    }
