"""The arguments of RewriteRule and RewriteCond, which mod_rewrite splits by itself.

Laws:
- Quotes delimit and nothing more; a backslash before a blank keeps the blank in the word, and
  stays there for the regex or the template to take off.
- Flags are one word in brackets, split at commas; their names compare without case.
"""

from __future__ import annotations

import re
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.proxy.handlers import check_handler
from revproxy.records import dataclass

_BLANKS: Final = " \t\n\r\x0b\x0c"
_STATUS_WORDS: Final = {"permanent": 301, "temp": 302, "seeother": 303}
_REASONS: Final = frozenset(
    (
        *(100, 101, 102, 103, *range(200, 209), 226, *range(300, 309), *range(400, 419)),
        *(421, 422, 423, 424, 425, 426, 428, 429, 431, 451, *range(500, 509), 510, 511),
    )
)
_MAX_ROUNDS: Final = 32000


def split(raw: str) -> list[str]:
    """The words of a line: at most three."""
    words: list[str] = []
    position = 0
    while len(words) < 3:
        while position < len(raw) and raw[position] in _BLANKS:
            position += 1
        if position >= len(raw):
            break
        quote = raw[position] if raw[position] in "\"'" else ""
        position += len(quote)
        start = position
        while position < len(raw):
            char = raw[position]
            if char == quote or (not quote and char in _BLANKS):
                break
            if char == "\\" and position + 1 < len(raw) and raw[position + 1] in _BLANKS:
                position += 1
            position += 1
        words.append(raw[start:position])
        position += 1
    return words


def flag_items(directive: Directive, word: str) -> list[tuple[str, str]]:
    """The flags of a bracketed word: names as written, and values ("" where there is none)."""
    if len(word) < 2 or word[0] != "[" or word[-1] != "]":
        raise DirectiveError(f"{directive.name}: bad flag delimiters", argument=2)
    items = []
    for item in word[1:-1].split(","):
        name, _, value = item.strip(_BLANKS).partition("=")
        if name:
            items.append((name, value))
    return items


@dataclass(slots=True)
class Flags:
    """The flags of one RewriteRule."""

    chain: bool = False
    cookies: tuple[str, ...] = ()
    discard_path_info: bool = False
    env: tuple[str, ...] = ()
    end: bool = False
    last: bool = False
    rounds: int = 0
    """Where N is set: how often it may start over."""
    no_case: bool = False
    no_escape: bool = False
    no_sub_requests: bool = False
    proxy: bool = False
    pass_through: bool = False
    query_append: bool = False
    query_discard: bool = False
    query_last: bool = False
    is_redirect: bool = False
    """R was named, with whatever status: sub-requests pass the rule over."""
    redirect: int = 0
    """The status of an external redirect, 0 for none."""
    status: int = 0
    """The status that is the answer, 0 for none."""
    code: int = 302
    """The status that was named last: with several such flags it is the one that counts."""
    skip: int = 0
    content_type: str = ""
    handler: str = ""
    escape: bool = False
    escape_only: str = ""
    escape_but: str = ""
    escape_controls: bool = False
    no_plus: bool = False
    unsafe_3f: bool = False
    unsafe_prefix: bool = False
    unsafe_slashes: bool = False


_SWITCHES: Final = {
    "bctls": "escape_controls",
    "bnp": "no_plus",
    "backrefnoplus": "no_plus",
    "c": "chain",
    "chain": "chain",
    "dpi": "discard_path_info",
    "discardpath": "discard_path_info",
    "end": "end",
    "l": "last",
    "last": "last",
    "nc": "no_case",
    "nocase": "no_case",
    "ne": "no_escape",
    "noescape": "no_escape",
    "ns": "no_sub_requests",
    "nosubreq": "no_sub_requests",
    "p": "proxy",
    "proxy": "proxy",
    "pt": "pass_through",
    "passthrough": "pass_through",
    "qsa": "query_append",
    "qsappend": "query_append",
    "qsd": "query_discard",
    "qsdiscard": "query_discard",
    "qsl": "query_last",
    "qslast": "query_last",
    "unc": "unsafe_slashes",
    "unsafeallow3f": "unsafe_3f",
    "unsafeprefixstat": "unsafe_prefix",
}
_TEXTS: Final = {"b": "escape_only", "backrefescaping": "escape_only", "bne": "escape_but"}
_LISTS: Final = {"co": "cookies", "cookie": "cookies", "e": "env", "env": "env"}
_STATUSES: Final = {"f": 403, "forbidden": 403, "g": 410, "gone": 410}


def parse_flags(directive: Directive, word: str) -> Flags:
    """The flags of a rule. Raises DirectiveError."""
    flags = Flags()
    for name, value in flag_items(directive, word):
        key = name.lower()
        if key in _SWITCHES:
            setattr(flags, _SWITCHES[key], True)
            flags.escape |= key == "bctls"
        else:
            _valued(directive, flags, key, name, value)
    if flags.status:
        flags.status = flags.code
    elif flags.is_redirect:
        flags.redirect = flags.code
    return flags


def _valued(directive: Directive, flags: Flags, key: str, name: str, value: str) -> None:
    if key in _TEXTS:
        attribute = _TEXTS[key]
        setattr(flags, attribute, getattr(flags, attribute) + value)
    elif key in _LISTS:
        attribute = _LISTS[key]
        setattr(flags, attribute, (*getattr(flags, attribute), value))
    elif key in _STATUSES:
        flags.status = flags.code = _STATUSES[key]
    elif key in ("h", "handler"):
        flags.handler = value if "%" in value or "$" in value else check_handler(value, 2)
    elif key in ("n", "next"):
        flags.rounds = _number(directive, name, value) if value else _MAX_ROUNDS
    elif key in ("r", "redirect"):
        _redirect(directive, flags, value)
    elif key in ("s", "skip"):
        flags.skip = _number(directive, name, value)
    elif key in ("t", "type"):
        flags.content_type = value
    else:
        raise DirectiveError(f"{directive.name}: unknown flag '{name}'", argument=2)
    if key in ("b", "backrefescaping"):
        flags.escape = True


def _number(directive: Directive, name: str, value: str) -> int:
    match = re.fullmatch("[0-9]{1,9}", value)
    if match is None:
        raise DirectiveError(
            f"{directive.name}: the flag {name} takes a whole number, not '{value}'", argument=2
        )
    return int(value)


def _redirect(directive: Directive, flags: Flags, value: str) -> None:
    flags.is_redirect = True
    if not value:
        return
    status = _STATUS_WORDS.get(value.lower(), 0)
    if not status:
        status = int(value) if re.fullmatch("[0-9]{3}", value) else 0
        if status not in _REASONS:
            raise DirectiveError(
                f"{directive.name}: invalid HTTP response code '{value}' for flag 'R'", argument=2
            )
    flags.code = status
    if not 300 <= status <= 399:
        flags.status = status
