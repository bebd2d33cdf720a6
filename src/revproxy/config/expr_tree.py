"""The tree of an expression, by the Lark grammar `expr.lark`.

Laws:
- Imported at the first expression: to load Lark takes a third of the time that `revproxy lint` has
  for a small configuration, and most have no expression.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree, UnexpectedInput, UnexpectedToken
from lark.lexer import Lexer

from revproxy.config.expr_tokens import ExpressionError, scan_condition, scan_text


class _Scanner(Lexer):
    """The scanner as lark calls it; the start symbol's name stands before the text."""

    def __init__(self, lexer_conf: Any) -> None:
        del lexer_conf

    def lex(self, lexer_state: Any, parser_state: Any = None) -> Iterator[Token]:
        del parser_state
        start, _, text = lexer_state.partition(":")
        scan = scan_condition if start == "condition" else scan_text
        for kind, value, position in scan(text):
            yield Token(kind, value, start_pos=position, column=position + 1)


@functools.cache
def grammar() -> Lark:
    """The grammar, built once."""
    text = Path(__file__).with_name("expr.lark").read_text("utf-8")
    return Lark(text, start=["condition", "text"], parser="lalr", lexer=_Scanner)


def parse(text: str, start: str) -> Tree[Token]:
    """The tree of a `condition` or a `text`. Raises ExpressionError."""
    try:
        tree = grammar().parse(f"{start}:{text}", start=start)
    except UnexpectedToken as error:
        token = error.token
        if token.type == "$END":
            raise ExpressionError("syntax error, unexpected end", len(text)) from None
        raise ExpressionError(
            f"syntax error, unexpected '{token.value}'", token.start_pos or 0
        ) from None
    except UnexpectedInput as error:
        raise ExpressionError("syntax error", error.pos_in_stream or 0) from None
    assert isinstance(tree, Tree)
    return tree
