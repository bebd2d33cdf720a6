"""Apache's expressions (ap_expr): a condition or a string, compiled once to closures.

Laws:
- A wrong expression is an `ExpressionError` (a ValueError) with the column, never another one.
- Twenty levels of nesting are evaluated, as by Apache; what lies deeper fails when it is reached.
- A failed evaluation is told to the error log and to who explains; a string that failed is empty,
  and a condition is what its user says (`on_failure`).
- The grammar is loaded when the first expression is met; a text in which nothing is to be put in
  is none.
"""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from revproxy.config.expr_tokens import ExpressionError
from revproxy.config.expr_values import (
    COMPARISONS,
    FUNCTIONS,
    LOOKING_AHEAD,
    UNARY,
    VARIABLES,
    WILDCARDS,
    Evaluation,
    EvaluationError,
    Test,
    Word,
    parse_network,
    tls_variable,
)
from revproxy.pattern import compile_pattern

if TYPE_CHECKING:
    from lark import Token, Tree

Node: TypeAlias = "Tree[Token]"

_LEVELS: Final = 20
_DELICATE: Final = re.compile(r"[\\%$\0]").search
"""What in a text does not stand for itself."""

_restricted: ContextVar[bool] = ContextVar("restricted", default=False)


@contextlib.contextmanager
def restricted() -> Iterator[None]:
    """What is compiled within may not look into files: it stands in an access file."""
    token = _restricted.set(True)
    try:
        yield
    finally:
        _restricted.reset(token)


def load_grammar() -> None:
    """Load the grammar now, for who is about to serve: child processes share it."""
    from revproxy.config.expr_tree import grammar

    grammar()


def _parse(text: str, start: str) -> Node:
    from revproxy.config.expr_tree import parse

    return parse(text, start)


class Condition:
    """A compiled condition: call it with an exchange."""

    __slots__ = ("_on_failure", "_test", "_vary", "looks_ahead", "text")

    def __init__(
        self, text: str, test: Test, *, on_failure: bool, vary: bool, looks_ahead: bool
    ) -> None:
        self.text = text
        self.looks_ahead = looks_ahead
        """It makes a sub-request, which may have to wait."""
        self._test = test
        self._on_failure = on_failure
        self._vary = vary

    def __call__(self, exchange: Any) -> bool:
        return self.matched(exchange)[0]

    def matched(self, exchange: Any) -> tuple[bool, Evaluation]:
        """Whether it holds, and with it what `$0` to `$9` are."""
        evaluation = Evaluation(exchange)
        try:
            holds = self._test(evaluation)
        except EvaluationError as error:
            _tell(exchange, self.text, error)
            return self._on_failure, evaluation
        if self._vary and evaluation.vary:
            exchange.out.append("Vary", ", ".join(evaluation.vary))
        return holds, evaluation


def compile_condition(text: str, *, on_failure: bool = False, vary: bool = True) -> Condition:
    """The condition. Raises ExpressionError."""
    tree = _parse(text, "condition")
    looks_ahead = any(_token(node, 0) in LOOKING_AHEAD for node in tree.find_data("unary"))
    return Condition(
        text, _test(tree, 1), on_failure=on_failure, vary=vary, looks_ahead=looks_ahead
    )


def compile_string(text: str) -> Callable[[Any], str]:
    """The string, which names no field in Vary. Raises ExpressionError."""
    made = compile_text(text)
    if isinstance(made, str):
        return lambda _exchange: made
    return lambda exchange: made(exchange) or ""


def compile_text(text: str) -> str | Callable[[Any], str | None]:
    """A constant string, or what makes one; that gives None where it fails."""
    if not _DELICATE(text):
        return text
    tree = _parse(text, "text")
    if tree.data in ("literal", "empty"):
        return str(_token(tree, 0)) if tree.children else ""
    # Apache evaluates a string within a node of its own.
    word = _word(tree, 2)

    def render(exchange: Any) -> str | None:
        try:
            return word(Evaluation(exchange))
        except EvaluationError as error:
            _tell(exchange, text, error)
            return None

    return render


def _tell(exchange: Any, text: str, error: EvaluationError) -> None:
    message = f"Evaluation of expression '{text}' failed: {error}"
    if exchange.trace is not None:
        exchange.trace("core", message)
    log = getattr(exchange.server, "error_log", None)
    if log is not None:
        log.log("error", "core", message, exchange=exchange)


def _too_deep(_evaluation: Evaluation) -> Any:
    raise EvaluationError("Recursion limit reached")


def _chain(node: Node, kind: str) -> list[Node]:
    """The members of what groups to the right: Apache counts a chain as one level."""
    members = []
    while node.data == kind:
        members.append(_node(node, 0))
        node = _node(node, -1)
    return [*members, node]


def _node(node: Node, index: int) -> Node:
    return cast("Node", node.children[index])


def _token(node: Node, index: int) -> Token:
    return cast("Token", node.children[index])


def _test(node: Node, level: int) -> Test:
    if level > _LEVELS:
        return _too_deep
    return _TESTS[node.data](node, level)


def _either(node: Node, level: int) -> Test:
    tests = tuple(_test(member, level + 1) for member in _chain(node, "either"))
    return lambda evaluation: any(test(evaluation) for test in tests)


def _both(node: Node, level: int) -> Test:
    tests = tuple(_test(member, level + 1) for member in _chain(node, "both"))
    return lambda evaluation: all(test(evaluation) for test in tests)


def _negated(node: Node, level: int) -> Test:
    negations = 0
    while node.data == "negated":
        negations += 1
        node = _node(node, -1)
    test = _test(node, level)
    return (lambda evaluation: not test(evaluation)) if negations % 2 else test


def _unary(node: Node, level: int) -> Test:
    operator = _token(node, 0)
    if operator == "-R":
        network = _network(operator, _node(node, 1))
        return lambda evaluation: network(evaluation.subject.client_address)
    act = UNARY.get(operator)
    if act is None:
        raise _unknown("Unary operator", operator)
    word = _word(_node(node, 1), level + 1)
    return lambda evaluation: act(evaluation, word(evaluation))


def _network(operator: Token, node: Node) -> Callable[[str], bool]:
    if node.data != "literal":
        raise ExpressionError(
            f"{operator} requires subnet/netmask as constant argument", operator.start_pos or 0
        )
    text = _token(node, 0)
    try:
        return parse_network(text)
    except ValueError:
        raise ExpressionError("parsing of subnet/netmask failed", text.start_pos or 0) from None


def _binary(node: Node, level: int) -> Test:
    operator = _token(node, 1)
    name = operator.lower()
    left = _word(_node(node, 0), level + 1)
    if name == "-ipmatch":
        network = _network(operator, _node(node, 2))
        return lambda evaluation: network(left(evaluation))
    make = WILDCARDS.get(name)
    if make is None:
        raise _unknown("Binary operator", operator)
    compiled = functools.lru_cache(make)
    right = _word(_node(node, 2), level + 1)
    return lambda evaluation: compiled(right(evaluation))(left(evaluation))


def _comparison(node: Node, level: int) -> Test:
    operator = _token(node, 1)
    compare = COMPARISONS["==" if operator == "=" else operator.removeprefix("-")]
    left, right = _word(_node(node, 0), level + 1), _word(_node(node, 2), level + 1)
    return lambda evaluation: compare(left(evaluation), right(evaluation))


def _membership(node: Node, level: int) -> Test:
    members = _node(node, -1)
    if members.data == "list_call":
        raise _unknown("List-returning function", _token(members, 0))
    left = _word(_node(node, 0), level + 1)
    words = tuple(_word(_node(members, index), level + 1) for index in range(len(members.children)))

    def holds(evaluation: Evaluation) -> bool:
        text = left(evaluation)
        return any(word(evaluation) == text for word in words)

    return holds


def _match(node: Node, level: int) -> Test:
    operator, regex = _token(node, 1), _token(node, 2)
    word = _word(_node(node, 0), level + 1)
    try:
        pattern = compile_pattern(regex[1:], ignore_case=regex[0] == "i")
    except ValueError as error:
        raise ExpressionError(str(error), regex.start_pos or 0) from None
    expected = operator == "=~"

    def holds(evaluation: Evaluation) -> bool:
        match = pattern.search(word(evaluation))
        if pattern.groups:
            evaluation.match, evaluation.has_tried = match, True
        return (match is not None) is expected

    return holds


_TESTS: Final[dict[str, Callable[[Node, int], Test]]] = {
    "either": _either,
    "both": _both,
    "negated": _negated,
    "true": lambda _node, _level: lambda _evaluation: True,
    "false": lambda _node, _level: lambda _evaluation: False,
    "unary": _unary,
    "binary": _binary,
    "comparison": _comparison,
    "membership": _membership,
    "match": _match,
}


_OPENING_FILES: Final = frozenset(("file", "filesize"))


def _unknown(what: str, name: Token) -> ExpressionError:
    return ExpressionError(f"{what} '{name}' does not exist", name.start_pos or 0)


def _word(node: Node, level: int) -> Word:
    if level > _LEVELS:
        return _too_deep
    return _WORDS[node.data](node, level)


def _literal(node: Node, _level: int) -> Word:
    text = str(_token(node, 0)) if node.children else ""
    return lambda _evaluation: text


def _group(node: Node, _level: int) -> Word:
    number = int(_token(node, 0))
    return lambda evaluation: evaluation.group(number)


def _joined(node: Node, level: int) -> Word:
    words = tuple(_word(member, level + 1) for member in _chain(node, "joined"))
    return lambda evaluation: "".join([word(evaluation) for word in words])


def _variable(node: Node, _level: int) -> Word:
    name = _token(node, 0)
    word = VARIABLES.get(name.lower())
    if word is None:
        if name.upper().startswith("SSL_"):
            return tls_variable(name.upper())
        raise _unknown("Variable", name)
    return word


def _call(node: Node, level: int) -> Word:
    name, argument = _token(node, 0), _node(node, 1)
    function = FUNCTIONS.get(name.lower())
    if function is None:
        raise _unknown("Function", name)
    if _restricted.get() and name.lower() in _OPENING_FILES:
        raise ExpressionError(f"Function '{name}' is not available here", name.start_pos or 0)
    word = _word(argument, level + 1)
    return lambda evaluation: function(evaluation, word(evaluation))


_WORDS: Final[dict[str, Callable[[Node, int], Word]]] = {
    "literal": _literal,
    "empty": _literal,
    "group": _group,
    "joined": _joined,
    "variable": _variable,
    "call": _call,
}
