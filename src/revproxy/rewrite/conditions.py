"""RewriteCond: what must hold besides the rule's pattern, compiled to closures.

Laws:
- A test is a regex, a comparison of text or whole numbers, or a question about a file.
- Text compares by length first, then octet by octet, as Apache's `compare_lexicography`; with NC
  octet by octet from the beginning.
- A regex that matched and is not negated is where %0 to %9 come from afterwards.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Callable
from dataclasses import field
from typing import Final, TypeAlias

from revproxy.config.expr import Condition as Expression
from revproxy.config.expr import compile_condition as compile_expression
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, Location
from revproxy.pattern import Pattern, Search, compile_pattern, longest_subject, remembering
from revproxy.records import dataclass
from revproxy.rewrite.arguments import flag_items, split
from revproxy.rewrite.expand import MapLookup, compile_template
from revproxy.rewrite.run import Part, Run
from revproxy.rewrite.variables import looks_ahead
from revproxy.subrequest import is_safe, look_up_file, look_up_uri

Test: TypeAlias = Callable[[Run], bool]

_INTEGER: Final = re.compile(r"-(lt|le|gt|ge|eq|ne)", re.DOTALL)
_LEADING: Final = re.compile(r"[ \t\n\r\x0b\x0c]*([+-]?[0-9]+)")
FILE_TESTS: Final = "fsdxhlL"
"""The tests that look at a file, by their letters."""

_COMES_AGAIN: Final = re.compile(
    r"%\{(HTTP[_:][^}]+|REMOTE_ADDR|REMOTE_HOST|REQUEST_METHOD|SERVER_[A-Z]+)\}", re.IGNORECASE
).fullmatch
"""Subjects that are alike in many requests."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One RewriteCond as it was read."""

    subject: str
    written: str
    """The test as it is written."""
    kind: str
    """"regex", "expr", one of `= < > <= >=`, one of `-eq` ..., or a file test's letter."""
    operand: str
    pattern: Pattern | None
    expression: Expression | None
    negated: bool
    no_case: bool
    or_next: bool
    no_vary: bool
    source: str = field(default="", compare=False)
    location: Location | None = field(default=None, compare=False)

    @property
    def looks_ahead(self) -> bool:
        """It makes a sub-request."""
        if self.expression is not None:
            return self.expression.looks_ahead
        return self.kind in ("U", "F") or looks_ahead(self.subject)

    @property
    def is_harmless(self) -> bool:
        """To ask it changes nothing and ends no request."""
        return (
            self.expression is None
            and not self.looks_ahead
            and "${" not in self.subject
            and (self.pattern is None or longest_subject(self.pattern) == math.inf)
        )


def parse_condition(directive: Directive) -> Condition:
    """The condition of a line. Raises DirectiveError."""
    words = split(directive.raw)
    if len(words) < 2:
        raise DirectiveError(f"RewriteCond: bad argument line '{directive.raw}'")
    flags = _flags(directive, words[2]) if len(words) > 2 else set()
    subject, test = words[:2]
    negated = test.startswith("!")
    test = test[negated:]
    no_case = "nocase" in flags
    pattern: Pattern | None = None
    expression: Expression | None = None
    if subject.lower() == "expr":
        kind, operand = "expr", test
        expression = _expression(test, vary="novary" not in flags)
    else:
        kind, operand = _kind(test)
    if kind == "regex":
        try:
            pattern = compile_pattern(test, ignore_case=no_case)
        except ValueError as error:
            raise DirectiveError(
                f"RewriteCond: cannot compile regular expression '{test}': {error}", argument=1
            ) from None
    return Condition(
        subject,
        words[1],
        kind,
        operand,
        pattern,
        expression,
        negated,
        no_case,
        "ornext" in flags,
        "novary" in flags,
        f"RewriteCond {directive.raw}".rstrip(),
        directive.location,
    )


def _expression(text: str, *, vary: bool) -> Expression:
    try:
        return compile_expression(text, vary=vary)
    except ValueError as error:
        raise DirectiveError(
            f'RewriteCond: cannot compile expression "{text}": {error}', argument=1
        ) from None


_CONDITION_FLAGS: Final = {
    "nc": "nocase",
    "nocase": "nocase",
    "or": "ornext",
    "ornext": "ornext",
    "nv": "novary",
    "novary": "novary",
}


def _flags(directive: Directive, word: str) -> set[str]:
    found = set()
    for name, _value in flag_items(directive, word):
        if name.lower() not in _CONDITION_FLAGS:
            raise DirectiveError(f"RewriteCond: unknown flag '{name}'", argument=2)
        found.add(_CONDITION_FLAGS[name.lower()])
    return found


def _kind(test: str) -> tuple[str, str]:
    """What a test is, and what it compares with."""
    if len(test) == 2 and test[0] == "-" and test[1] in FILE_TESTS + "UF":
        return test[1], ""
    match = _INTEGER.match(test)
    if match is not None:
        return match[0], test[match.end() :]
    if len(test) > 1 and test[0] in "<>":
        length = 2 if test[1] == "=" else 1
        return test[:length], test[length:]
    if len(test) > 1 and test[0] == "=":
        return "=", "" if test == '=""' else test[1:]
    return "regex", ""


def compile_condition(condition: Condition, maps: MapLookup) -> Test:
    """The condition as a closure."""
    if condition.expression is not None:
        return _expression_test(condition, condition.expression)
    subject = compile_template(condition.subject, maps)
    kind, negated = condition.kind, condition.negated
    if condition.pattern is not None:
        return _regex_test(condition, condition.pattern, subject)
    if kind in ("U", "F"):
        return _ahead_test(condition, subject)
    check = check_of(condition)

    def holds(run: Run) -> bool:
        text = subject(run)
        held = check(text) is not negated
        if run.log is not None:
            _log(run, condition, text, held=held)
        return held

    return holds


def _log(run: Run, condition: Condition, text: str, *, held: bool) -> None:
    assert run.log is not None
    case = " [NC]" if condition.no_case else ""
    outcome = "matched" if held else "not-matched"
    pattern = condition.written
    run.log(4, f"RewriteCond: input='{text}' pattern='{pattern}'{case} => {outcome}")


def _regex_test(condition: Condition, pattern: Pattern, subject: Part) -> Test:
    comes_again = _COMES_AGAIN(condition.subject) is not None
    search: Search = remembering(pattern) if comes_again else pattern.search
    negated = condition.negated

    def holds(run: Run) -> bool:
        text = subject(run)
        match = search(text)
        held = (match is None) is negated
        if match is not None and not negated:
            run.condition_match = match
        if run.log is not None:
            _log(run, condition, text, held=held)
        return held

    return holds


def check_of(condition: Condition) -> Callable[[str], bool]:
    """What a condition that compares or looks for a file asks of its subject."""
    kind = condition.kind
    if kind[0] == "-":
        return _integer_test(kind, condition.operand)
    if len(kind) == 1 and kind in FILE_TESTS:
        return _FILE[kind]
    return _text_test(kind, condition.operand, no_case=condition.no_case)


def compile_told(condition: Condition, maps: MapLookup) -> Test:
    """The condition as a closure that tells its subject and what came of it."""
    test = compile_condition(condition, maps)
    check: Callable[[Run, str], bool] | None = None
    if condition.pattern is not None:
        check = _told_match(condition.pattern, negated=condition.negated)
    elif condition.expression is None and condition.kind not in ("U", "F"):
        compare = check_of(condition)
        check = lambda _run, value: compare(value) is not condition.negated  # noqa: E731
    subject = compile_template(condition.subject, maps)

    def holds(run: Run) -> bool:
        text = ""
        if check is None:
            held = test(run)
        else:
            value = subject(run)
            held = check(run, value)
            text = f" '{value}'"
        if run.tell is not None:
            outcome = "holds" if held else "does not hold"
            is_match = held and condition.pattern is not None and not condition.negated
            groups = told_groups(run.condition_match, "%") if is_match else ""
            message = f"{condition.source}: {outcome}{text}{groups}"
            run.tell(message, condition.location, acted=held)
        return held

    return holds


def _told_match(pattern: Pattern, *, negated: bool) -> Callable[[Run, str], bool]:
    def check(run: Run, value: str) -> bool:
        match = pattern.search(value)
        if match is not None and not negated:
            run.condition_match = match
        return (match is None) is negated

    return check


def told_groups(match: re.Match[str] | None, sign: str) -> str:
    """The groups of a match, for who is told of it."""
    groups = () if match is None else match.groups()
    shown = [f"{sign}{number}='{text or ''}'" for number, text in enumerate(groups, 1)]
    return f" with {', '.join(shown)}" if shown else ""


def _expression_test(condition: Condition, expression: Expression) -> Test:
    negated = condition.negated

    def holds(run: Run) -> bool:
        exchange = run.exchange
        # An expression looks at the request, which is still as it was before the rules.
        before = exchange.filename, exchange.query
        exchange.filename, exchange.query = run.filename, run.args
        try:
            held, evaluation = expression.matched(exchange)
        finally:
            exchange.filename, exchange.query = before
        if held and not negated:
            run.condition_match = evaluation.match
        if run.log is not None:
            place = condition.location
            where = f"{place.file}:{place.line}" if place is not None else ""
            run.log(4, f"Evaluation of expression from {where} gave: {int(held)}")
            _log(run, condition, "(null)", held=held is not negated)
        return held is not negated

    return holds


def _ahead_test(condition: Condition, subject: Part) -> Test:
    """Whether a client could have this URL (`-U`) or file (`-F`)."""
    kind, negated = condition.kind, condition.negated

    def holds(run: Run) -> bool:
        name = subject(run)
        reachable = False
        if name and is_safe(run.exchange):
            if kind == "U":
                found = look_up_uri(run.exchange, name)
                reachable = found.status < 400
                text = f"RewriteCond URI (-U check: path={name} -> status={found.status}"
            else:
                found = look_up_file(run.exchange, name)
                reachable = found.is_file
                text = f"RewriteCond file (-F check: path={name} -> file={found.name} "
                text += f"status={found.status}"
            if run.log is not None:
                run.log(5, text)
            if run.tell is not None:
                run.tell(f"RewriteCond -{kind} check: path={name} -> {reachable}")
        held = reachable is not negated
        if run.log is not None:
            _log(run, condition, name, held=held)
        return held

    return holds


def _number(text: str) -> int:
    """C's `atoi`."""
    match = _LEADING.match(text)
    return int(match[1]) if match is not None else 0


def _integer_test(kind: str, operand: str) -> Callable[[str], bool]:
    wanted = _number(operand)
    return {
        "-eq": lambda text: _number(text) == wanted,
        "-ne": lambda text: _number(text) != wanted,
        "-lt": lambda text: _number(text) < wanted,
        "-le": lambda text: _number(text) <= wanted,
        "-gt": lambda text: _number(text) > wanted,
        "-ge": lambda text: _number(text) >= wanted,
    }[kind]


def _text_test(kind: str, operand: str, *, no_case: bool) -> Callable[[str], bool]:
    if no_case:
        # Here text compares as in a dictionary.
        lowered = _lower(operand)
        return {
            "=": lambda text: _lower(text) == lowered,
            "<": lambda text: _lower(text) < lowered,
            "<=": lambda text: _lower(text) <= lowered,
            ">": lambda text: _lower(text) > lowered,
            ">=": lambda text: _lower(text) >= lowered,
        }[kind]
    wanted = (len(operand), operand)
    return {
        "=": lambda text: text == operand,
        "<": lambda text: (len(text), text) < wanted,
        "<=": lambda text: (len(text), text) <= wanted,
        ">": lambda text: (len(text), text) > wanted,
        ">=": lambda text: (len(text), text) >= wanted,
    }[kind]


def _lower(text: str) -> str:
    return text.encode("latin-1").lower().decode("latin-1")


def _mode(name: str, *, link: bool = False) -> os.stat_result | None:
    try:
        path = name.encode("latin-1")
        return os.lstat(path) if link else os.stat(path)
    except (OSError, ValueError):
        return None


def _exists(name: str) -> bool:
    info = _mode(name)
    return info is not None and stat.S_ISREG(info.st_mode)


def _has_size(name: str) -> bool:
    info = _mode(name)
    return info is not None and stat.S_ISREG(info.st_mode) and info.st_size > 0


def _is_directory(name: str) -> bool:
    info = _mode(name)
    return info is not None and stat.S_ISDIR(info.st_mode)


def _is_link(name: str) -> bool:
    info = _mode(name, link=True)
    return info is not None and stat.S_ISLNK(info.st_mode)


def _is_executable(name: str) -> bool:
    info = _mode(name)
    return info is not None and bool(info.st_mode & 0o111)


_FILE: Final[dict[str, Callable[[str], bool]]] = {
    "f": _exists,
    "s": _has_size,
    "d": _is_directory,
    "x": _is_executable,
    "h": _is_link,
    "l": _is_link,
    "L": _is_link,
}
