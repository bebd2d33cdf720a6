"""mod_headers: Header and RequestHeader.

Laws:
- `always` directives edit the table that survives errors, the others the normal one; all of the
  former run before the latter, each list from outer to inner section.
- RequestHeader runs at the end of fixups; Header as the last filter that sees the fields, on a
  page of ours for an error with its `always` part alone.
- `early` directives at server level run when the request has been read; in a section they are
  accepted and never run, as in Apache.
- A name or a value that could not stand in a message is an error at load.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Final

from revproxy.config.expr import compile_condition, compile_string
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, HTTPError
from revproxy.filters import Filter, Kind
from revproxy.headers.edit import Condition, Edit, compile_edit, is_safe
from revproxy.headers.program import compile_program, compile_traced
from revproxy.headers.value import Value, compile_value
from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Scope, Server, Unset, append, setting, value_or
from revproxy.pattern import Pattern, compile_pattern
from revproxy.records import dataclass

Edits = tuple[Edit, ...]

_ACTIONS: Final = frozenset(
    ("add", "set", "setifempty", "append", "merge", "unset", "echo", "note", "edit", "edit*")
)
_BAD_ACTION: Final = (
    "first argument must be 'add', 'set', 'setifempty', 'append', 'merge', 'unset', 'echo', "
    "'note', 'edit', or 'edit*'."
)
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch


@dataclass(frozen=True, slots=True)
class Settings:
    """The edits in force, outer ones first."""

    request: Edits | Unset = setting(append)
    onsuccess: Edits | Unset = setting(append)
    always: Edits | Unset = setting(append)
    early_request: Edits | Unset = setting(append)
    early_onsuccess: Edits | Unset = setting(append)
    early_always: Edits | Unset = setting(append)


def _parse(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    """`Header [always|onsuccess] action name [value [replacement]] [early|env=…|expr=…]`."""
    words = list(directive.values)
    table, offset = ("request" if directive.key == "requestheader" else "onsuccess"), 0
    if table == "onsuccess" and words and words[0].lower() in ("always", "onsuccess"):
        table, offset = words[0].lower(), 1
    action = words[offset].lower() if len(words) > offset else ""
    if action not in _ACTIONS:
        raise DirectiveError(_BAD_ACTION, argument=offset if len(words) > offset else None)
    if table == "request" and action == "echo":
        raise DirectiveError("Header echo only valid on Header directives", argument=offset)
    if table == "request" and action == "note":
        raise DirectiveError("RequestHeader does not support the 'note' action", argument=offset)
    name = words[offset + 1] if len(words) > offset + 1 else ""
    rest, base = words[offset + 2 :], offset + 2
    if len(rest) > 3:
        raise DirectiveError(f"{directive.name} has too many arguments", argument=base + 3)
    takes = {"unset": 0, "echo": 0, "edit": 2, "edit*": 2}.get(action, 1)
    if len(rest) < takes:
        raise DirectiveError(
            "Header edit requires a match and a substitution"
            if takes == 2
            else "Header requires three arguments"
        )
    if len(rest) > takes + 1:
        raise DirectiveError(
            "Too many arguments to directive" if takes else f"header {action} takes two arguments",
            argument=base + takes + 1,
        )
    early, condition = _parse_condition(rest[takes:], base + takes)
    edit = _compile(action, name, rest[:takes], base, directive, condition)
    field = f"early_{table}" if early else table
    changes = {field: (*value_or(getattr(settings, field), ()), edit)}
    return dataclasses.replace(settings, **changes)


def _parse_condition(words: list[str], index: int) -> tuple[bool, Condition | None]:
    if not words:
        return False, None
    word = words[0]
    lower = word.lower()
    if lower == "early":
        return True, None
    if lower.startswith("expr="):
        try:
            # As in Apache, a condition that cannot be evaluated does not keep the line from acting.
            return False, compile_condition(word[5:], on_failure=True)
        except ValueError as error:
            raise DirectiveError(str(error), argument=index) from None
    if not lower.startswith("env="):
        raise DirectiveError(f"Unknown parameter: {word}", argument=index)
    variable = word[4:]
    negated = variable.startswith("!")
    variable = variable[negated:]
    if not variable:
        raise DirectiveError(
            "error: missing environment variable name. envclause should be in the form env=envar",
            argument=index,
        )
    if negated:
        return False, lambda exchange: variable not in exchange.env
    return False, lambda exchange: variable in exchange.env


def _compile(
    action: str,
    name: str,
    words: list[str],
    base: int,
    directive: Directive,
    condition: Condition | None,
) -> Edit:
    pattern: Pattern | None = None
    value: Value | None = None
    if action == "echo":
        pattern = _pattern(action, name, base - 1)
    else:
        name = name.removesuffix(":")
        if action in ("add", "set", "setifempty", "append", "merge") and _TOKEN(name) is None:
            raise DirectiveError(f"'{name}' is not a field name", argument=base - 1)
    if action in ("edit", "edit*"):
        pattern = _pattern(action, words[0], base)
    if words:
        index = base + len(words) - 1
        try:
            value = _value(words[-1])
        except ValueError as error:
            raise DirectiveError(str(error), argument=index) from None
        if value.constant is not None and not is_safe(value.constant):
            raise DirectiveError("a field value cannot hold control characters", argument=index)
    source = f"{directive.name} {directive.raw}".rstrip()
    return compile_edit(
        action,
        name,
        source,
        directive.location,
        value=value,
        pattern=pattern,
        condition=condition,
    )


def _value(text: str) -> Value:
    """Text with format letters, or `expr=` and an expression. Raises ValueError."""
    if text.startswith("expr="):
        return Value(None, compile_string(text[5:]))
    return compile_value(text)


def _pattern(action: str, text: str, index: int) -> Pattern:
    try:
        return compile_pattern(text)
    except ValueError as error:
        raise DirectiveError(
            f"Header {action} regex could not be compiled",
            argument=index,
            hint=str(error),
        ) from None


class HeaderFilter(Filter):
    """Both programs at work on a response's tables; one object serves all responses."""

    kind = Kind.HEADERS
    only_head = True

    def __init__(self, always: Edits, onsuccess: Edits) -> None:
        self._always = compile_program(always, response=True)
        self._onsuccess = compile_program(onsuccess, response=True)
        self._traced_always = compile_traced(always, response=True)
        self._traced_onsuccess = compile_traced(onsuccess, response=True)

    def start(self, exchange: Exchange, size: int | None = None) -> bool:
        del size
        always, onsuccess = self._always, self._onsuccess
        if exchange.trace is not None:
            always, onsuccess = self._traced_always, self._traced_onsuccess
        if exchange.generated:
            self._edit_error_page(exchange)
            return False
        for step in always:
            step(exchange.err, exchange)
        for step in onsuccess:
            step(exchange.out, exchange)
        return False

    def _edit_error_page(self, exchange: Exchange) -> None:
        steps = self._always if exchange.trace is None else self._traced_always
        for step in steps:
            try:
                step(exchange.err, exchange)
            except HTTPError:
                # The page for an error cannot fail in turn: this field is left out.
                continue


def _insert_filter(settings: Settings, _server: Server) -> Hook | None:
    always, onsuccess = value_or(settings.always, ()), value_or(settings.onsuccess, ())
    if not always and not onsuccess:
        return None
    shared = (HeaderFilter(always, onsuccess),)
    return lambda _exchange: shared


def _fixups(settings: Settings, _server: Server) -> Hook | None:
    edits = value_or(settings.request, ())
    if not edits:
        return None
    steps = compile_program(edits, response=False)
    traced = compile_traced(edits, response=False)

    def edit_request(exchange: Exchange) -> None:
        for step in steps if exchange.trace is None else traced:
            step(exchange.fields, exchange)

    return edit_request


def _post_read(settings: Settings, _server: Server) -> Hook | None:
    request = value_or(settings.early_request, ())
    always, onsuccess = value_or(settings.early_always, ()), value_or(settings.early_onsuccess, ())
    if not (request or always or onsuccess):
        return None
    steps = compile_program(request, response=False)
    response = HeaderFilter(always, onsuccess)

    def edit_early(exchange: Exchange) -> None:
        for step in steps:
            step(exchange.fields, exchange)
        response.start(exchange)

    return edit_early


MODULE = Module(
    name="mod_headers",
    settings=Settings,
    directives={"header": _parse, "requestheader": _parse},
    hooks={"post_read": _post_read, "fixups": _fixups, "insert_filter": _insert_filter},
)
