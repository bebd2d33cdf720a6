"""PCRE's notation read, and written for Python.

Laws:
- What PCRE takes means the same afterwards, or is a ValueError that says what cannot be held.
- Flags within a pattern hold from where they stand to the end of their group, branches included.
- Types, classes, `.`, `^` and `$` are written out, so that no flag of Python's decides about them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from revproxy.pattern import classes, escapes
from revproxy.pattern.cost import Part, alternation, asserted, grouped, repeated, sequence
from revproxy.records import dataclass

_QUANTIFIER: Final = re.compile(r"(?:([*+?])|\{([0-9]+)(?:(,)([0-9]*))?\})([?+]?)")
_MOST: Final = 65535
_NAME: Final = r"[A-Za-z_]\w{0,31}"
_NAMED: Final = re.compile(rf"\(\?(?:P?<({_NAME})>|'({_NAME})')", re.ASCII)
_NAME_REFERENCE: Final = re.compile(rf"\(\?P=({_NAME})\)", re.ASCII)
_RECURSION: Final = re.compile(rf"\(\?(?:R|([+-]?[0-9]+)|&({_NAME})|P>({_NAME}))\)", re.ASCII)
_FLAGS: Final = re.compile(r"\(\?(\^?)([imsx]*)(?:-([imsx]*))?([:)])")
_CONDITION: Final = re.compile(rf"\(\?\((?:([0-9]+)|<({_NAME})>|'({_NAME})'|({_NAME}))\)", re.ASCII)
_COMMENT: Final = re.compile(r"\(\?#[^)]*\)|\(\?C[0-9]*\)")
_LOOKS: Final = re.compile(
    r"\(\?([=!]|<[=!])"
    r"|\(\*(?:(pla|positive_lookahead)|(nla|negative_lookahead)|(plb|positive_lookbehind)"
    r"|(nlb|negative_lookbehind)):"
)
_STARTS: Final = re.compile(r"(?:\(\*(?:NO_JIT|NO_AUTO_POSSESS|NO_START_OPT|NO_DOTSTAR_ANCHOR)\))+")
_FAILS: Final = ("(*FAIL)", "(*F)")
_VERBS: Final = ("(*PRUNE)", "(*SKIP)")
_CONTROLS: Final = re.compile(r"[ \t\n\r\x0b\x0c]+|#[^\n]*\n?")


@dataclass(frozen=True, slots=True)
class Translation:
    """A pattern as Python takes it."""

    text: str
    degree: int
    """The power of a subject's length that a search may cost."""
    runs_away: bool
    """It may cost more than any power."""
    needs_more: bool
    """Only the package `regex` knows it."""


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags in force."""

    ignore_case: bool
    multi_line: bool
    dot_all: bool
    extended: bool

    def changed(self, on: str, off: str) -> Flags:
        """With the flags of these letters set and taken away."""
        names = {"i": "ignore_case", "m": "multi_line", "s": "dot_all", "x": "extended"}
        switched = {names[letter]: True for letter in on}
        return replace(self, **switched, **{names[letter]: False for letter in off})


def translate(
    text: str, *, ignore_case: bool, dot_all: bool, dollar_end: bool = True
) -> Translation:
    """Read a pattern. Raises ValueError."""
    flags = Flags(ignore_case, multi_line=False, dot_all=dot_all, extended=False)
    reader = Reader(text, flags, r"\Z" if dollar_end else r"(?=\n?\Z)")
    part = reader.whole()
    degree = part.degree + (not part.is_anchored)
    return Translation(part.text, degree, part.runs_away or reader.recurs, reader.needs_more)


class Reader:
    """Reads a pattern from left to right."""

    def __init__(self, text: str, flags: Flags, dollar: str) -> None:
        self.text = text
        self.dollar = dollar
        """What `$` stands for where it is not the end of each line."""
        self.position = 0
        self.flags = flags
        self._dot_all = flags.dot_all
        self.groups = 0
        """Groups that were opened."""
        self.open: set[int] = set()
        """Those that are not closed yet."""
        self.names: dict[str, int] = {}
        self.total = escapes.group_count(text)
        self.needs_more = False
        self.recurs = False
        self.looks = 0
        """Lookarounds that are open."""

    def whole(self) -> Part:
        """All of the pattern."""
        start = _STARTS.match(self.text)
        if start is not None:
            self.position = start.end()
        part = self._alternatives()
        if self.position < len(self.text):
            raise ValueError("unmatched closing parenthesis")
        return part

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Whether something stands here; then it is read."""
        found = pattern.match(self.text, self.position)
        if found is not None:
            self.position = found.end()
        return found

    def starts(self, *texts: str) -> bool:
        """Whether one of these texts stands here; then it is read."""
        for item in texts:
            if self.text.startswith(item, self.position):
                self.position += len(item)
                return True
        return False

    def _alternatives(self) -> Part:
        return alternation(self._branches())

    def _branches(self) -> list[Part]:
        """The branches up to the end of a group. The flags are afterwards what they were."""
        before = self.flags
        branches = [self._branch(before)]
        while self.starts("|"):
            branches.append(self._branch(before))
        self.flags = before
        return branches

    def _branch(self, outer: Flags) -> Part:
        """Parts up to `|` or `)`; flags that changed since the group began are written anew."""
        parts: list[Part] = []
        opened = 0
        in_force = outer.ignore_case
        while True:
            if in_force != self.flags.ignore_case:
                in_force = self.flags.ignore_case
                parts.append(Part("(?i:" if in_force else "(?-i:", is_assertion=True))
                opened += 1
            self._skip()
            if self.position >= len(self.text) or self.text[self.position] in "|)":
                break
            if self._switches():
                continue
            atom = self._atom()
            if atom is not None:
                parts.append(self._quantified(atom))
        joined = sequence([part for part in parts if part.text])
        return replace(joined, text=joined.text + ")" * opened)

    def _skip(self) -> None:
        """Pass over comments, callouts and, where they do not count, blanks."""
        while self.match(_COMMENT) or (self.flags.extended and self.match(_CONTROLS)):
            pass

    def _switches(self) -> bool:
        """Flags for the rest of the group."""
        found = _FLAGS.match(self.text, self.position)
        if found is None or found[4] != ")":
            return False
        self.position = found.end()
        self._set_flags(found)
        return True

    def _set_flags(self, found: re.Match[str]) -> None:
        if found[1]:
            self.flags = self.flags.changed("", "imsx")
        self.flags = self.flags.changed(found[2], found[3] or "")

    def _quantified(self, atom: Part) -> Part:
        self._skip()
        found = self.match(_QUANTIFIER)
        if found is None:
            return atom
        if atom.is_bare:
            raise ValueError("quantifier does not follow a repeatable item")
        least, most = _bounds(found)
        result = repeated(atom, found[0], least, most, keeps=found[5] == "+")
        self._skip()
        if _QUANTIFIER.match(self.text, self.position):
            raise ValueError("quantifier does not follow a repeatable item")
        return result

    def _atom(self) -> Part | None:
        char = self.text[self.position]
        if char == "(":
            return self._group()
        if char == "\\":
            return escapes.escape(self)
        if char == "[":
            return escapes.bracketed(self)
        self.position += 1
        if char == ".":
            members = classes.ALL if self.flags.dot_all else classes.TYPES["N"]
            return Part(self._dot(), 1, 1, members=members)
        if char == "^":
            if not self.flags.multi_line:
                return Part("^", is_anchored=True, is_assertion=True, is_bare=True)
            return Part(r"(?:\A|(?<=\n)(?!\Z))", is_assertion=True, is_bare=True)
        if char == "$":
            text = r"(?=\n|\Z)" if self.flags.multi_line else self.dollar
            return Part(text, is_assertion=True, is_bare=True)
        if char in "*+?":
            raise ValueError("quantifier does not follow a repeatable item")
        if char == "{" and _QUANTIFIER.match(self.text, self.position - 1):
            raise ValueError("quantifier does not follow a repeatable item")
        return escapes.literal(char, self.flags.ignore_case)

    def _dot(self) -> str:
        if not self.flags.dot_all:
            return r"[^\n]"
        return "." if self._dot_all else "(?s:.)"

    def _group(self) -> Part | None:
        named = self.match(_NAMED)
        if named is not None:
            name = named[1] or named[2]
            if name in self.names:
                # Python has a name once: the first group keeps it.
                self.names[name] = 0
                return self._capture("(")
            self.names[name] = self.groups + 1
            return self._capture(f"(?P<{name}>")
        flags = _FLAGS.match(self.text, self.position)
        if flags is not None:
            self.position = flags.end()
            before = self.flags
            self._set_flags(flags)
            case = self.flags.ignore_case
            part = self._body()
            self.flags = before
            sign = "" if case == before.ignore_case else "i" if case else "-i"
            return grouped(part, f"(?{sign}:")
        if self.starts("(?>", "(*atomic:"):
            return grouped(self._body(), "(?>")
        look = self.match(_LOOKS)
        if look is not None:
            return self._look(look)
        return self._unusual()

    def _unusual(self) -> Part | None:
        """Groups that are references, conditions, verbs; or a plain one."""
        reference = self.match(_NAME_REFERENCE)
        if reference is not None:
            return escapes.reference_by_name(self, reference[1])
        recursion = self.match(_RECURSION)
        if recursion is not None:
            return self._recursion(recursion)
        condition = self.match(_CONDITION)
        if condition is not None:
            return self._conditional(condition)
        if self.starts("(?|"):
            # Every branch numbers its groups anew.
            self.needs_more = True
            return self._reset()
        if self.starts(*_FAILS):
            return Part("(?!)", is_assertion=True, is_bare=True)
        for verb in _VERBS:
            if self.starts(verb):
                self.needs_more = True
                return Part(verb, is_assertion=True, is_bare=True)
        rest = self.text[self.position : self.position + 3]
        if rest.startswith(("(?", "(*")):
            raise ValueError(f"{rest} is not supported")
        self.position += 1
        return self._capture("(")

    def _body(self) -> Part:
        part = self._alternatives()
        if not self.starts(")"):
            raise ValueError("missing closing parenthesis")
        return part

    def _capture(self, opening: str) -> Part:
        self.groups += 1
        number = self.groups
        self.open.add(number)
        part = grouped(self._body(), opening)
        self.open.discard(number)
        return part

    def _look(self, look: re.Match[str]) -> Part:
        self.looks += 1
        part = self._looked(look)
        self.looks -= 1
        return part

    def _looked(self, look: re.Match[str]) -> Part:
        sign = look[1] or ("=" if look[2] else "!" if look[3] else "<=" if look[4] else "<!")
        if sign[0] != "<":
            return asserted([grouped(self._body(), f"(?{sign}")])
        branches = self._branches()
        if not self.starts(")"):
            raise ValueError("missing closing parenthesis")
        if any(branch.low != branch.high for branch in branches):
            raise ValueError("lookbehind assertion is not fixed length")
        if len({branch.high for branch in branches}) == 1:
            return asserted([grouped(alternation(branches), f"(?{sign}")])
        looks = [grouped(branch, f"(?{sign}") for branch in branches]
        if sign == "<!":
            return asserted([grouped(sequence(looks), "(?:")])
        return asserted([grouped(alternation(looks), "(?:")])

    def _recursion(self, found: re.Match[str]) -> Part:
        self.needs_more = self.recurs = True
        name = found[2] or found[3]
        if name:
            return Part(f"(?&{name})", 0, None, 1)
        number = found[1] or "0"
        index = int(number)
        if number[0] in "+-":
            index += self.groups + (number[0] == "-")
        if not 0 <= index <= self.total:
            raise ValueError("reference to non-existent subpattern")
        return Part(f"(?{index})" if index else "(?R)", 0, None, 1)

    def _conditional(self, found: re.Match[str]) -> Part:
        key = found[1] or found[2] or found[3] or found[4]
        if found[4] and (found[4] == "R" or found[4] == "DEFINE" or found[4][:1] == "R"):
            self.needs_more = self.recurs = True
        branches = self._branches()
        if not self.starts(")"):
            raise ValueError("missing closing parenthesis")
        if len(branches) > 2:
            raise ValueError("conditional subpattern contains more than two branches")
        if found[1] and int(key) > self.total:
            raise ValueError("reference to non-existent subpattern")
        if len(branches) == 1:
            branches = [branches[0], Part("")]
        return replace(
            grouped(alternation(branches), f"(?({key})"), is_anchored=False, members=None
        )

    def _reset(self) -> Part:
        start = most = self.groups
        branches = []
        before = self.flags
        while True:
            self.groups = start
            branches.append(self._branch(before))
            most = max(most, self.groups)
            if not self.starts("|"):
                break
        self.groups, self.flags = most, before
        if not self.starts(")"):
            raise ValueError("missing closing parenthesis")
        return grouped(alternation(branches), "(?|")


def _bounds(found: re.Match[str]) -> tuple[int, int | None]:
    if found[1]:
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[found[1]]
    least = int(found[2])
    most = least if not found[3] else int(found[4]) if found[4] else None
    if max(least, most or 0) > _MOST:
        raise ValueError("number too big in {} quantifier")
    if most is not None and most < least:
        raise ValueError("numbers out of order in {} quantifier")
    return least, most
