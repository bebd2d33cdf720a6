"""Configurations that an engine still has to fill in: ERB, EPP, Jinja, Go, `@NAME@`, `%NAME%`.

Laws:
- What the engine will replace becomes a mark of the same length, so that lines and columns stay;
  the same expression always becomes the same mark. What is only for the engine becomes blanks.
- Of alternatives (`if`, `else`) one is read at a time: all first ones, then all last ones.
- A line whose words hold a mark is judged by its name and its place alone; so is what a rule says
  of other lines when they and such a line speak of the same.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Final

from revproxy.config import codes
from revproxy.config.tree import Directive
from revproxy.errors import Diagnostic, Location
from revproxy.plan.load import Loaded
from revproxy.records import dataclass

MARK: Final = "\x1a"
"""Where a mark begins; the digits that follow are control characters too."""
_DIGITS: Final = [chr(code) for code in range(0x10, 0x1A)]

_TOKEN: Final = re.compile(
    r"<%\#.*?%>|<%(?P<erb>==?|-)?(?!%)(?P<ruby>.*?)-?%>"
    r"|\{\#.*?\#\}|\{%[-+]?(?P<jinja>.*?)[-+]?%\}"
    r"|\{\{(?:!|-?\s*/\*).*?\}\}|\{\{-?(?P<value>.*?)-?\}\}"
    r"|@(?P<at>[A-Za-z_][\w.-]*)@|%(?P<percent>[A-Z][A-Z0-9_]{2,})%",
    re.DOTALL,
)
_RUBY_OPEN: Final = re.compile(
    r"(?:if|unless|case|while|until|for|begin)\b|.*(?:\bdo(?:\s*\|[^|]*\|)?|\{(?:\s*\|[^|]*\|)?)\Z",
    re.DOTALL,
)
_RUBY_ELSE: Final = re.compile(r"(?:else|elsif|when|in|rescue)\b|\}\s*els")
_RUBY_CLOSE: Final = re.compile(r"end\b|\}\s*\Z")
_JINJA_OPEN: Final = re.compile(
    r"(?:if|for|macro|block|filter|call|with|autoescape|raw|trans)\b|set\s+\w+\s*\Z"
)
_JINJA_ELSE: Final = re.compile(r"(?:elif|elseif|else)\b")
_GO_OPEN: Final = re.compile(r"(?:if|range|with|define|block)\b")
_GO_END: Final = re.compile(r"\{\{-?\s*end\b")


@dataclass(slots=True)
class _Token:
    start: int
    end: int
    kind: str
    """value, open, else, close or plain."""


class Filling:
    """What is done to each file before it is read (`prepare`)."""

    def __init__(self, *, last: bool = False) -> None:
        self._last = last
        self.has_alternatives = False
        """Whether some file reads differently with `last`."""

    def __call__(self, text: str) -> str:
        new = neutral(text, last=self._last)
        if not self._last and not self.has_alternatives:
            self.has_alternatives = new != neutral(text, last=True)
        return new


def neutral(text: str, *, last: bool = False) -> str:
    """The text (Latin-1) without what is for the engine; of alternatives the first, or the last."""
    tokens = list(_tokens(text))
    blocks = list(_blocks(tokens))
    left_out = [span for block in blocks for span in _left_out(text, block, last=last)]
    chars = list(text)
    for start, end in [*left_out, *((one.start, one.end) for one in tokens if one.kind != "value")]:
        _blank(chars, start, end)
    marked = [(one.start, one.end) for one in tokens if one.kind == "value"]
    marked += (span for span in map(_span, blocks) if _is_in_word(text, span))
    marked += ((one.start, one.end) for one in tokens if _is_tag_in_word(one, chars))
    known: dict[str, int] = {}
    for start, end in marked:
        if not any(low <= start and end <= high for low, high in left_out):
            _mark(chars, start, end, known.setdefault(text[start:end], len(known)))
    lines = "".join(chars).split("\n")
    before = ["", *lines]
    return "\n".join(
        line if former.rstrip("\r").endswith("\\") else _without_lone_marks(line)
        for former, line in zip(before, lines, strict=False)
    )


def _tokens(text: str) -> Iterator[_Token]:
    is_go = _GO_END.search(text) is not None
    for match in _TOKEN.finditer(text):
        yield _Token(match.start(), match.end(), _kind(match, is_go=is_go))


def _kind(match: re.Match[str], *, is_go: bool) -> str:
    if match["at"] is not None or match["percent"] is not None:
        return "value"
    if match["value"] is not None:
        return _mustache(match["value"].strip(), is_go=is_go)
    if match["jinja"] is not None:
        return _of(match["jinja"].strip(), _JINJA_OPEN, _JINJA_ELSE, re.compile("end"))
    if match["ruby"] is None:
        return "plain"
    if match["erb"] in ("=", "=="):
        return "value"
    return _of(match["ruby"].strip(), _RUBY_OPEN, _RUBY_ELSE, _RUBY_CLOSE)


def _of(code: str, opens: re.Pattern[str], parts: re.Pattern[str], closes: re.Pattern[str]) -> str:
    for kind, pattern in (("else", parts), ("close", closes), ("open", opens)):
        if pattern.match(code):
            return kind
    return "plain"


def _mustache(code: str, *, is_go: bool) -> str:
    if code[:1] in ("#", "^"):
        return "open"
    if code[:1] == "/" or (is_go and code == "end"):
        return "close"
    if code == "else" or code.startswith("else "):
        return "else"
    if is_go and _GO_OPEN.match(code):
        return "open"
    return "plain" if code[:1] in (">", "!") else "value"


def _blocks(tokens: Iterable[_Token]) -> Iterator[list[_Token]]:
    """The tags of each block, from the one that opens it; what is not balanced is no block."""
    stack: list[list[_Token]] = []
    for token in tokens:
        if token.kind == "open":
            stack.append([token])
        elif token.kind == "else" and stack:
            stack[-1].append(token)
        elif token.kind == "close" and stack:
            yield [*stack.pop(), token]


def _left_out(text: str, block: list[_Token], *, last: bool) -> Iterator[tuple[int, int]]:
    """The spans of the alternatives that are not read."""
    branches = [(one.end, other.start) for one, other in itertools.pairwise(block)]
    if len(branches) > 1 and "case" in text[block[0].start : block[0].end]:
        # Before the first `when` there is nothing.
        yield branches.pop(0)
    kept = len(branches) - 1 if last else 0
    yield from (span for index, span in enumerate(branches) if index != kept)


def _span(block: list[_Token]) -> tuple[int, int]:
    return block[0].start, block[-1].end


def _is_in_word(text: str, span: tuple[int, int]) -> bool:
    """Whether a block of one line is a part of a word: all of it counts as one expression."""
    start, end = span
    beside = text[start - 1 : start] + text[end : end + 1]
    return "\n" not in text[start:end] and bool(beside.strip())


def _is_tag_in_word(token: _Token, chars: list[str]) -> bool:
    """Whether a tag stands amid a word; by itself it would cut it in two."""
    if token.kind == "value" or not token.start or token.end >= len(chars):
        return False
    return bool(chars[token.start - 1].strip() and chars[token.end].strip())


def _blank(chars: list[str], start: int, end: int) -> None:
    for index in range(start, end):
        if chars[index] not in "\r\n":
            chars[index] = " "


def _mark(chars: list[str], start: int, end: int, number: int) -> None:
    """Write the mark of an expression; over several lines, on the first alone."""
    digits = f"{number:0{end - start - 1}d}"[-(end - start - 1) :]
    for offset, digit in enumerate(("", *digits)):
        if chars[start + offset] in "\r\n":
            _blank(chars, start + offset, end)
            return
        chars[start + offset] = _DIGITS[int(digit)] if digit else MARK


def _without_lone_marks(line: str) -> str:
    """A line of nothing but marks stands for whole lines: a comment, till it is filled in."""
    rest = line.translate(_NO_MARKS).strip()
    return line if rest or MARK not in line else line.replace(MARK, "#")


_LONE: Final = re.compile(rf"\s*#[{_DIGITS[0]}-{_DIGITS[-1]}]")
_NO_MARKS: Final = {ord(char): None for char in (MARK, *_DIGITS)}

_BY_NAME: Final = frozenset(
    {
        codes.MISSING_MODULE,
        codes.UNKNOWN_DIRECTIVE,
        codes.NOT_ALLOWED_HERE,
        codes.UNIMPLEMENTED,
        codes.INERT,
        codes.BROKEN_SECTION,
    }
)
"""What is said of a line whatever its words are."""

_FAMILIES: Final = (
    (("RP2", "RP601", "RP604", "RP607", "RP105"), ("proxypass", "balancermember", "proxyset")),
    (("RP3", "RP213"), ("rewrite",)),
    (("RP504", "RP505", "RP506"), ("server", "virtualhost")),
    (("RP501", "RP518", "RP101", "RP110"), ("require", "allow", "deny", "order", "auth")),
    (("RP107",), ("remoteip",)),
    (("RP108", "RP508", "RP113"), ("ssl",)),
    (("RP4",), ("header", "proxyhtml", "setoutputfilter", "addoutputfilter", "errordocument")),
)
"""Findings that compare lines, and how the names of the lines begin."""


_OF_THIS_MACHINE: Final = (codes.UNREADABLE_FILE, codes.INCLUDE_NO_MATCH)


class Unfilled:
    """The lines of a configuration that still hold a mark."""

    def __init__(self, loaded: Loaded) -> None:
        self._texts = loaded.configuration.texts
        self._lines = {
            (name, number)
            for name, lines in self._texts.items()
            for number, line in enumerate(lines, 1)
            if MARK in line
        }
        self._has_more = any(_LONE.match(line) for lines in self._texts.values() for line in lines)
        """Whole lines are to be filled in, and may say anything."""
        self._inside: set[tuple[str, int]] = set()
        """Lines of sections whose arguments hold a mark."""
        self._keys: set[str] = set()
        self._key_at: dict[tuple[str, int], str] = {}
        for directive in loaded.configuration.walk():
            self._key_at.setdefault(_line(directive.location), directive.key)
            if MARK in directive.raw or MARK in directive.name or self._holds_one(directive):
                self._add(directive)
                # What it will be is not known: that is no reason to leave it out.
                directive.refused = False

    def _holds_one(self, directive: Directive) -> bool:
        """A container of Require lines is taken for one directive with what is in it."""
        if directive.children is None or not directive.key.startswith("require"):
            return False
        return any(MARK in line.raw for child in directive.children for line in child.walk())

    def _add(self, directive: Directive) -> None:
        self._keys.add(directive.key)
        self._lines.update(map(_line, (directive.location, *_places(directive))))
        self._inside.update(_line(child.location) for child in directive.children or ())

    def keeps(self, item: Diagnostic) -> bool:
        """Whether a finding holds whatever the marks come to."""
        location = item.location
        if location is None:
            return True
        if any(
            _line(place) in self._lines for place in (location, *(at for at, _ in item.related))
        ):
            line = (self._texts.get(location.file) or [])[location.line - 1]
            span = line[location.column - 1 : location.end_column - 1]
            return item.code in _BY_NAME and MARK not in span
        key = self._key_at.get(_line(location), "")
        if item.code in _OF_THIS_MACHINE and location.source.lstrip()[:7].lower() == "include":
            return False
        if item.code == codes.BAD_VALUE:
            return _line(location) not in self._inside and not self._is_about_others(key)
        return item.code in codes.NAMES or not self._compares(item.code)

    def _is_about_others(self, key: str) -> bool:
        """Whether a directive speaks of what others define, and one of these holds a mark."""
        return key == "proxyset" and any(
            one.startswith(("balancer", "proxy")) for one in self._keys
        )

    def _compares(self, code: str) -> bool:
        """Whether a rule speaks of lines that are not all known."""
        return any(
            self._has_more or key.startswith(names)
            for starts, names in _FAMILIES
            if code.startswith(starts)
            for key in self._keys or {""}
        )


def _line(location: Location) -> tuple[str, int]:
    return location.file, location.line


def _places(directive: Directive) -> Iterator[Location]:
    return (word.location for word in directive.args)
