"""Whether a story is as a case expects it, and which line made it otherwise.

Laws:
- Every expectation is looked at; a case fails by all that do not hold.
- The line that is named is one that acted on what is compared; none is named on a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from revproxy.errors import Location
from revproxy.explain.story import Message, Step, Story
from revproxy.records import dataclass
from revproxy.trial.cases import Case, Expectation
from revproxy.trial.matchers import Matcher, shown

_DENIED: Final = re.compile(r": denied|^Deny matches", re.IGNORECASE).search


@dataclass(frozen=True, slots=True)
class Cause:
    """What decided a value, and the line that did."""

    text: str
    place: Location | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """One expectation that does not hold."""

    key: str
    expected: str
    actual: str
    location: Location
    """Where the expectation stands."""
    cause: Cause | None = None


def judge(case: Case, stories: Sequence[Story]) -> list[Failure]:
    """What does not hold of the stories of a case: one, or those of a chain of redirects."""
    failures = []
    for item in case.expectations:
        failure = _look(item, stories)
        if failure is not None:
            failures.append(failure)
    return failures


def _look(item: Expectation, stories: Sequence[Story]) -> Failure | None:
    story = stories[-1]
    if item.key == "chain":
        asked = tuple(story.location or "" for story in stories if story.location)
        if asked == item.wanted:
            return None
        return Failure(item.key, shown(item.wanted), shown(asked), item.location, decision(story))
    if item.key in ("lines", "not_lines"):
        return _look_at_lines(item, story)
    if item.key == "denied_by":
        return _look_at_denial(item, story)
    if item.key == "status":
        if story.status == item.wanted:
            return None
        actual = f"{story.status}{f': {story.detail}' if story.detail else ''}"
        return Failure(item.key, str(item.wanted), actual, item.location, decision(story))
    matcher: Matcher = item.wanted
    values = values_of(story, item.key)
    if matcher.fits(values):
        return None
    return Failure(item.key, str(matcher), shown(values), item.location, _cause(story, item.key))


def values_of(story: Story, key: str) -> list[str]:
    """The values a story has of a key: none, one, or one a field line."""
    table, dot, name = key.partition(".")
    if dot:
        message = story.response if table == "header" else story.asked
        return [] if message is None else message.values(name)
    found: dict[str, Callable[[], str | None]] = {
        "upstream": lambda: upstream(story),
        "upstream_method": lambda: story.asked.first.partition(" ")[0] if story.asked else None,
        "upstream_body": lambda: _content(story.asked),
        "vhost": lambda: story.host,
        "location": lambda: (
            next(iter(story.response.values("Location")), None)
            if story.response is not None
            else None
        ),
        "file": lambda: story.file or None,
        "body": lambda: _content(story.response),
    }
    value = found[key]()
    return [] if value is None else [value]


def upstream(story: Story) -> str | None:
    """The URL an origin was asked for, None where none was."""
    if story.asked is None:
        return None
    target = story.asked.first.split(" ")[1]
    scheme, _, rest = story.origin.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{target}" if rest else story.origin


def _content(message: Message | None) -> str | None:
    return None if message is None else message.content.decode("latin-1")


# Lines.


def acted(story: Story) -> list[Location]:
    """The lines that did something."""
    found = [place for step in story.steps if step.acted for place in step.places]
    host = [story.host_place] if story.host_place is not None else []
    return [*host, *story.covered, *found]


def is_meant(word: str, place: Location) -> bool:
    """Whether a place is meant by a number, a "file:number" or a directive's beginning."""
    if word.isdigit():
        return place.line == int(word)
    file, colon, number = word.rpartition(":")
    if colon and number.isdigit() and " " not in file:
        return place.line == int(number) and f"/{place.file}".endswith(f"/{file}")
    return " ".join(place.source.split()).lower().startswith(" ".join(word.split()).lower())


def _look_at_lines(item: Expectation, story: Story) -> Failure | None:
    places = acted(story)
    forbidden = item.key == "not_lines"
    for word in item.wanted:
        found = [place for place in places if is_meant(word, place)]
        if bool(found) is forbidden:
            told = [step for step in story.steps if any(is_meant(word, at) for at in step.places)]
            actual = "it did" if forbidden else "it did not"
            wanted = f"{word} to do {'nothing' if forbidden else 'something'}"
            cause = _of(told[-1]) if told else None
            return Failure(item.key, wanted, actual, item.location, cause)
    return None


def _look_at_denial(item: Expectation, story: Story) -> Failure | None:
    wanted = " or ".join(item.wanted)
    if story.status < 400:
        actual = f"{story.status}, not denied"
        return Failure(item.key, wanted, actual, item.location, decision(story))
    steps = [step for step in story.steps if _denies(step)]
    if any(is_meant(word, place) for word in item.wanted for s in steps for place in s.places):
        return None
    texts = [step.text for step in steps if step.places]
    actual = f"{story.status} by {'; '.join(texts)}" if texts else str(story.status)
    return Failure(item.key, wanted, actual, item.location, decision(story))


def _denies(step: Step) -> bool:
    if step.module in ("mod_authz_core", "mod_access_compat"):
        return _DENIED(step.text) is not None
    return step.acted and step.module in ("mod_rewrite", "mod_alias")


# Causes.


def _of(step: Step) -> Cause:
    return Cause(f"{step.module}: {step.text}", step.places[0] if step.places else None)


def _last(story: Story, *modules: str) -> Cause | None:
    steps = [step for step in story.steps if step.acted and step.places and step.module in modules]
    return _of(steps[-1]) if steps else None


def decision(story: Story) -> Cause | None:
    """What decided where a request went, or that it went nowhere."""
    if story.status in (401, 403):
        steps = [step for step in story.steps if step.places and _denies(step)]
        if steps:
            return _of(steps[-1])
    return _last(story, "mod_rewrite", "mod_alias", "mod_proxy")


def _cause(story: Story, key: str) -> Cause | None:
    table, dot, name = key.partition(".")
    if key == "vhost":
        return Cause(story.host_reason, story.host_place)
    if dot or key == "location":
        steps = list(
            _edits(story, name if dot else "Location", response=table != "upstream_header")
        )
        if steps:
            return _of(steps[-1])
        follows = key == "location" or (table, name.lower()) == ("upstream_header", "host")
        return decision(story) if follows else None
    return decision(story)


def _edits(story: Story, name: str, *, response: bool) -> Iterator[Step]:
    """The steps that changed a header field, in order."""
    directive = "header " if response else "requestheader "
    for step in story.steps:
        words = step.text.split()
        if step.module == "mod_headers" and step.acted:
            if f"{words[0].lower()} " == directive and name.lower() in map(_bare, words[1:4]):
                yield step
        elif step.acted and response and step.text.startswith("ProxyPassReverse"):
            is_cookie = step.text.startswith("ProxyPassReverseCookie")
            if is_cookie is (name.lower() == "set-cookie"):
                yield step


def _bare(word: str) -> str:
    return word.lower().strip('"').removesuffix(":")
