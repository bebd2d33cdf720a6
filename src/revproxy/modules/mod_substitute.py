"""mod_substitute: text replaced in responses, line by line.

Laws:
- A line ends with its LF and is no longer than SubstituteMaxLineLength, before and behind every
  pattern; a longer one ends the response.
- Each pattern works on what the one before it made. An inner section's patterns come first, unless
  SubstituteInheritBefore is on.
- A regex is tried again behind each match as on a line of its own, so that `^` can match there.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Final

from revproxy.coding.response import content_codings
from revproxy.coding.transcode import Transcoder, transcoder
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, OriginError
from revproxy.filters import Filter, Kind
from revproxy.http.message import Exchange
from revproxy.module import FilterMaker, Module, Scope, Server, Unset, flag, setting, value_or
from revproxy.pattern import Pattern, compile_pattern, substitute
from revproxy.records import dataclass

_MOST: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Replacement:
    """One `s/pattern/substitution/flags`; `pattern` is a regex, `text` a plain text without one.

    What one with flag `q` has cut a line into is not joined: those behind it see piece after piece.
    """

    to: str
    pattern: Pattern | None = None
    text: str = ""
    cuts: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """`longest` is in octets."""

    replacements: tuple[Replacement, ...] | Unset = setting()
    before: bool | Unset = setting()
    longest: int | Unset = setting()

    @staticmethod
    def merged(outer: Settings, inner: Settings) -> Settings:
        """`inner` over `outer`; whose patterns come first is for the innermost to say."""
        before = outer.before if inner.before is Unset.UNSET else inner.before
        theirs, ours = value_or(outer.replacements, ()), value_or(inner.replacements, ())
        return Settings(
            theirs + ours if value_or(before, False) else ours + theirs,
            before,
            outer.longest if inner.longest is Unset.UNSET else inner.longest,
        )


def _parse(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    line = directive.values[0]
    if line[:1].lower() != "s":
        raise DirectiveError("Bad Substitute format, must be an s/// pattern", argument=0)
    source, to, flags = _parts(line)
    letters = flags.lower()
    if not set(letters) <= set("infq"):
        raise DirectiveError("Bad Substitute flag, only s///[infq] are supported", argument=0)
    made = _made(source, to, letters)
    return dataclasses.replace(settings, replacements=(*value_or(settings.replacements, ()), made))


def _parts(line: str) -> tuple[str, str, str]:
    """Pattern, substitution and flags. Raises DirectiveError."""
    delimiter = line[1:2]
    parts = line[2:].split(delimiter, 2) if delimiter else []
    if len(parts) < 2 or not parts[0]:
        raise DirectiveError("Bad Substitute format, must be a complete s/// pattern", argument=0)
    return parts[0], parts[1], parts[2] if len(parts) > 2 else ""


def _made(source: str, to: str, letters: str) -> Replacement:
    ignore_case, cuts = "i" in letters, "q" in letters
    if "n" not in letters:
        try:
            pattern = compile_pattern(source, ignore_case=ignore_case, is_line=True)
        except ValueError as error:
            raise DirectiveError(
                "Substitute could not compile regex", argument=0, hint=str(error)
            ) from None
        return Replacement(to, pattern, cuts=cuts)
    if ignore_case:
        return Replacement(to, re.compile(re.escape(source), re.ASCII | re.I), source, cuts)
    return Replacement(to, None, source, cuts)


_UNITS: Final = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def _parse_longest(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    match = re.fullmatch(r"([0-9]+)([bkmg]?)", directive.values[0], re.IGNORECASE)
    if match is None:
        raise DirectiveError(
            "SubstituteMaxLineLength must be a non-negative integer optionally suffixed with "
            "'b', 'k', 'm' or 'g'.",
            argument=0,
        )
    return dataclasses.replace(settings, longest=int(match[1]) * _UNITS[match[2].lower()])


class SubstituteFilter(Filter):
    """Replaces text in one response."""

    kind = Kind.RESOURCE

    def __init__(self, replacements: tuple[Replacement, ...], longest: int) -> None:
        self._replacements = replacements
        self._steps = [_step(item) for item in replacements]
        if any(item.cuts for item in replacements[:-1]):
            self._steps = [_in_pieces(replacements)]
        self._longest = longest
        self._by_line = False
        self._held = b""
        self._coding: Transcoder | None = None

    def start(self, exchange: Exchange, size: int | None) -> bool:
        del size
        codings = content_codings(exchange)
        if codings:
            self._coding = transcoder(codings)
            self.step = self._coding.step if self._coding is not None else self.step
        exchange.out.unset("Content-Length")
        # Plain texts hold no line end: many lines can be taken at once.
        self._by_line = any(item.pattern and not item.text for item in self._replacements)
        return True

    def feed(self, data: bytes) -> bytes:
        if self._coding is None:
            return self._lines(data)
        try:
            plain = self._coding.decode(data)
        except ValueError as error:
            raise OriginError(502, str(error)) from None
        out = self._lines(plain)
        return self._coding.encode(out) if out else b""

    def flush(self) -> bytes:
        return self._coding.flush() if self._coding is not None else b""

    def finish(self) -> bytes:
        rest, self._held = self._held, b""
        out = self._replaced(rest) if rest else b""
        if self._coding is None:
            return out
        return (self._coding.encode(out) if out else b"") + self._coding.finish()

    def _lines(self, data: bytes) -> bytes:
        end = data.rfind(b"\n") + 1
        if not end:
            self._held += data
            self._check(len(self._held))
            return b""
        whole, self._held = self._held + data[:end], data[end:]
        self._check(len(self._held))
        return self._replaced(whole)

    def _replaced(self, data: bytes) -> bytes:
        text = data.decode("latin-1")
        lines = text.split("\n")
        longest = max(map(len, lines))
        self._check(longest)
        if self._by_line:
            ends = [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
            for step in self._steps:
                ends = [step(line) for line in ends]
                self._check(max(map(len, ends), default=0))
            return "".join(ends).encode("latin-1")
        for step in self._steps:
            text = step(text)
        self._check(max(map(len, text.split("\n"))))
        return text.encode("latin-1")

    def _check(self, length: int) -> None:
        if length > self._longest:
            raise OriginError(500, "Line too long")


def _step(item: Replacement) -> Callable[[str], str]:
    to, pattern, text = item.to, item.pattern, item.text
    if pattern is None:
        return lambda line: line.replace(text, to)
    if text:
        return lambda line: pattern.sub(lambda _match: to, line)
    cut = _cutter(item)
    return lambda line: "".join(cut(line))


def _in_pieces(replacements: tuple[Replacement, ...]) -> Callable[[str], str]:
    """All replacements in turn, where some leave a line in pieces."""
    steps = [(_cutter(item), _step(item), item.cuts) for item in replacements]

    def replace(line: str) -> str:
        pieces = [line]
        for cut, step, cuts in steps:
            if cuts:
                pieces = [part for piece in pieces for part in cut(piece) if part]
            else:
                pieces = [step(piece) for piece in pieces]
        return "".join(pieces)

    return replace


def _cutter(item: Replacement) -> Callable[[str], list[str]]:
    """What a line is cut into: what stays, and what stands for a match, by turns."""
    pattern = item.pattern or re.compile(re.escape(item.text))

    def cut(line: str) -> list[str]:
        match = pattern.search(line)
        out: list[str] = []
        while match is not None:
            out += (line[: match.start()], item.to if item.text else substitute(item.to, match))
            end = match.end()
            if not match[0]:
                # Nothing was taken: one octet goes on, or this would have no end.
                out.append(line[end : end + 1])
                end += 1
            line = line[end:]
            match = pattern.search(line) if line else None
        return [*out, line]

    return cut


def _substitute(settings: Settings, _server: Server) -> FilterMaker:
    replacements = value_or(settings.replacements, ())
    longest = value_or(settings.longest, _MOST)
    return lambda _exchange: SubstituteFilter(replacements, longest)


MODULE = Module(
    name="mod_substitute",
    settings=Settings,
    directives={
        "substitute": _parse,
        "substituteinheritbefore": flag("before"),
        "substitutemaxlinelength": _parse_longest,
    },
    filters={"substitute": _substitute},
)
