"""Escapes and bracketed classes of PCRE, and references to groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from revproxy.pattern import classes
from revproxy.pattern.cost import Part

if TYPE_CHECKING:
    from revproxy.pattern.translate import Reader

_NAMED_CHARACTER: Final = re.compile(r"N\{(?![0-9]+(?:,[0-9]*)?\})")
_CODES: Final = {"a": 7, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9}
_ASSERTIONS: Final = {
    "A": r"\A",
    # Python's does not match in an empty subject.
    "B": r"(?!\b)",
    "b": r"\b",
    # A search begins at the beginning.
    "G": r"\A",
    "Z": r"(?=\n?\Z)",
    "z": r"\Z",
}
_NAME: Final = r"[A-Za-z_]\w{0,31}"
_HEX: Final = re.compile(r"x(?:\{([0-9A-Fa-f]*)\}|([0-9A-Fa-f]{0,2}))")
_OCTAL: Final = re.compile(r"o\{([0-7]+)\}")
_CONTROL: Final = re.compile(r"c([ -~])")
_PROPERTY: Final = re.compile(r"[pP](?:\{\^?[A-Za-z_& ]+\}|[A-Z])")
_DIGITS: Final = re.compile(r"[0-9]+")
_REFERENCE: Final = re.compile(rf"g(?:\{{({_NAME}|[+-]?[0-9]+)\}}|([+-]?[0-9]+))", re.ASCII)
_CALL: Final = re.compile(rf"g(?:<({_NAME}|[+-]?[0-9]+)>|'({_NAME}|[+-]?[0-9]+)')", re.ASCII)
_NAMED: Final = re.compile(rf"k(?:\{{({_NAME})\}}|<({_NAME})>|'({_NAME})')", re.ASCII)
_POSIX: Final = re.compile(r"\[:(\^?)([a-z]+):\]")
_COLLATING: Final = re.compile(r"\[([.=]).*?\1\]")
_WORD_EDGES: Final = {"[[:<:]]": r"\b(?=\w)", "[[:>:]]": r"\b(?<=\w)"}
_OPENING: Final = re.compile(
    r"\\.|\[\^?\]?(?:\\.|\[:\^?[a-z]+:\]|[^\]\\])*\]|(\((?![?*])|\(\?(?:P?<(?![=!])|'))",
    re.DOTALL,
)


def group_count(text: str) -> int:
    """How many capturing groups a pattern has, about: quoted text and comments may hold some."""
    return sum(found[1] is not None for found in _OPENING.finditer(text))


def literal(char: str, ignore_case: bool) -> Part:
    """A character that stands for itself."""
    members = classes.folded(frozenset((ord(char),)), ignore_case=ignore_case)
    return Part(re.escape(char), 1, 1, members=members)


def _of_class(members: frozenset[int], text: str = "") -> Part:
    return Part(text or classes.written(members, negated=False), 1, 1, members=members)


def escape(reader: Reader) -> Part | None:
    """An escape outside of classes; None for one that is nothing."""
    reader.position += 1
    letter = reader.text[reader.position : reader.position + 1]
    if not letter:
        raise ValueError("\\ at end of pattern")
    if letter == "Q":
        _quoted(reader)
        return None
    if letter == "E":
        reader.position += 1
        return None
    if letter.isascii() and letter.isdigit():
        return _number(reader)
    if not (letter.isascii() and letter.isalpha()):
        reader.position += 1
        return literal(letter, reader.flags.ignore_case)
    if letter == "N" and _NAMED_CHARACTER.match(reader.text, reader.position):
        raise ValueError("\\N{name} is not supported")
    if letter in classes.TYPES:
        reader.position += 1
        text = f"\\{letter}" if letter in "dwsDWS" else ""
        return _of_class(classes.TYPES[letter], text)
    if letter in _ASSERTIONS:
        reader.position += 1
        return Part(
            _ASSERTIONS[letter], is_anchored=letter in "AG", is_assertion=True, is_bare=True
        )
    code = _code(reader)
    if code is not None:
        return literal(chr(code), reader.flags.ignore_case)
    return _special(reader, letter)


def _special(reader: Reader, letter: str) -> Part:
    if letter == "R":
        reader.position += 1
        return Part(r"(?>\r\n|[\n-\r\x85])", 1, 2)
    if letter == "K" and reader.looks:
        raise ValueError("\\K is not allowed in lookarounds")
    if letter in "XK":
        reader.position += 1
        reader.needs_more = True
        if letter == "K":
            return Part(r"\K", is_bare=True)
        return Part(r"\X", 0, None, 1)
    found = reader.match(_PROPERTY)
    if found is not None:
        members = classes.having_property(found[0])
        text = classes.written(members, negated=False)
        return _of_class(members, f"(?-i:{text})" if reader.flags.ignore_case else text)
    found = reader.match(_REFERENCE)
    if found is not None:
        return _reference(reader, found[1] or found[2])
    found = reader.match(_CALL)
    if found is not None:
        reader.needs_more = reader.recurs = True
        name = found[1] or found[2]
        if name[0] in "+-":
            name = str(reader.groups + int(name) + (name[0] == "-"))
        return Part(f"(?{name})" if name.isdigit() else f"(?&{name})", 0, None, 1)
    found = reader.match(_NAMED)
    if found is not None:
        return reference_by_name(reader, found[1] or found[2] or found[3])
    raise ValueError(f"\\{letter} is not supported")


def _code(reader: Reader) -> int | None:
    """The octet that an escape stands for, in classes and outside."""
    letter = reader.text[reader.position]
    if letter in _CODES:
        reader.position += 1
        return _CODES[letter]
    found = reader.match(_HEX)
    if found is not None:
        return _octet(int(found[1] or found[2] or "0", 16))
    found = reader.match(_OCTAL)
    if found is not None:
        return _octet(int(found[1], 8))
    found = reader.match(_CONTROL)
    if found is not None:
        return ord(found[1].upper()) ^ 64
    return None


def _octet(code: int) -> int:
    if code > 255:
        raise ValueError("character code point value in \\x{} or \\o{} is too large")
    return code


def _octal(reader: Reader) -> int:
    """Up to three octal digits."""
    found = reader.match(re.compile("[0-7]{1,3}"))
    assert found is not None
    return _octet(int(found[0], 8))


def _number(reader: Reader) -> Part:
    """A back-reference, or an octet in octal digits."""
    found = _DIGITS.match(reader.text, reader.position)
    assert found is not None
    number = int(found[0])
    is_reference = found[0][0] != "0" and (
        number < 10 or found[0][0] in "89" or number <= reader.groups
    )
    if not is_reference:
        return literal(chr(_octal(reader)), reader.flags.ignore_case)
    reader.position = found.end()
    return _reference(reader, found[0])


def _reference(reader: Reader, word: str) -> Part:
    """A back-reference by number, relative number or name."""
    if not word.lstrip("+-").isdigit():
        return reference_by_name(reader, word)
    number = int(word)
    if word[0] == "-":
        number += reader.groups + 1
    elif word[0] == "+":
        number += reader.groups
    if not 0 < number <= reader.total:
        raise ValueError("reference to non-existent subpattern")
    if number > reader.groups or number in reader.open:
        reader.needs_more = True
    return Part(f"(?:\\{number})", 0, None, 1)


def reference_by_name(reader: Reader, name: str) -> Part:
    """A back-reference to a named group."""
    if name not in reader.names:
        if not re.search(rf"\(\?(?:P?<{name}>|'{name}')", reader.text):
            raise ValueError("reference to non-existent subpattern")
        reader.needs_more = True
    elif not reader.names[name]:
        raise ValueError(f"a reference to one of several groups {name} is not supported")
    elif reader.names[name] in reader.open:
        reader.needs_more = True
    return Part(f"(?P={name})", 0, None, 1)


def _quoted(reader: Reader) -> None:
    """`\\Q...\\E`: the text is put in its place as escapes, to be read next."""
    reader.position += 1
    end = reader.text.find("\\E", reader.position)
    text = reader.text[reader.position : end if end >= 0 else None]
    rest = reader.text[end + 2 :] if end >= 0 else ""
    plain = "".join(
        char if char.isascii() and char.isalnum() else f"\\x{ord(char):02x}" for char in text
    )
    reader.text = f"{reader.text[: reader.position]}{plain}{rest}"


def bracketed(reader: Reader) -> Part:
    """A class; its first `]` is a member."""
    for text, edge in _WORD_EDGES.items():
        if reader.starts(text):
            return Part(edge, is_assertion=True, is_bare=True)
    reader.position += 1
    negated = reader.starts("^")
    members: set[int] = set()
    is_first = True
    while is_first or not reader.text.startswith("]", reader.position):
        item = _member(reader)
        is_first = is_first and item == frozenset()
        if isinstance(item, int):
            item = _range(reader, item)
        elif item and _is_hyphen(reader):
            raise ValueError("invalid range in character class")
        members |= item
    reader.position += 1
    known = frozenset(members)
    written = classes.written(known, negated=negated)
    covered = classes.folded(known, ignore_case=reader.flags.ignore_case)
    return Part(written, 1, 1, members=classes.ALL - covered if negated else covered)


def _range(reader: Reader, first: int) -> frozenset[int]:
    """A member, or a range that begins with it."""
    if not _is_hyphen(reader):
        return frozenset((first,))
    reader.position += 1
    last = _member(reader)
    while last == frozenset():
        last = _member(reader)
    if not isinstance(last, int):
        raise ValueError("invalid range in character class")
    if last < first:
        raise ValueError("range out of order in character class")
    return frozenset(range(first, last + 1))


def _is_hyphen(reader: Reader) -> bool:
    """A hyphen stands here that is not the last member."""
    text, position = reader.text, reader.position
    return text.startswith("-", position) and not text.startswith("-]", position)


def _member(reader: Reader) -> int | frozenset[int]:
    """An octet, or a type or class; the empty set for nothing."""
    if reader.position >= len(reader.text):
        raise ValueError("missing terminating ] for character class")
    char = reader.text[reader.position]
    if char == "[":
        found = reader.match(_POSIX)
        if found is not None:
            known = classes.posix(found[2], ignore_case=reader.flags.ignore_case)
            if known is None:
                raise ValueError("unknown POSIX class name")
            return classes.ALL - known if found[1] else known
        if _COLLATING.match(reader.text, reader.position):
            raise ValueError("POSIX collating elements are not supported")
    reader.position += 1
    return ord(char) if char != "\\" else _escaped_member(reader)


def _escaped_member(reader: Reader) -> int | frozenset[int]:
    letter = reader.text[reader.position : reader.position + 1]
    if not letter:
        raise ValueError("\\ at end of pattern")
    if letter in "QE":
        if letter == "Q":
            _quoted(reader)
        else:
            reader.position += 1
        return frozenset()
    if letter in "01234567":
        return _octal(reader)
    if not (letter.isascii() and letter.isalpha()):
        reader.position += 1
        return ord(letter)
    if letter in "bdwshvDWSHV":
        reader.position += 1
        return 8 if letter == "b" else classes.TYPES[letter]
    code = _code(reader)
    if code is not None:
        return code
    found = reader.match(_PROPERTY)
    if found is None or reader.flags.ignore_case:
        raise ValueError(f"\\{letter} is not supported in a class here")
    return classes.having_property(found[0])
