"""What Lark makes of `httpd_conf.lark`, kept in a file: the tables of its LALR parser and lexer.

Laws:
- The grammar is the only source. `httpd_conf.json` is derived from it by `written()`; a test holds
  the two together, and another that who reads them (`grammar.py`) finds what Lark finds.
- The file is there for speed alone: to load Lark and to make the tables takes longer (65 ms) than
  all that `revproxy lint` does with a small configuration.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from lark import Lark

_HERE: Final = Path(__file__).parent


class Rule(NamedTuple):
    """A rule of the grammar, as far as the parser must know it."""

    origin: str
    length: int
    """The symbols that it puts together."""
    kind: str
    """What the line is where this rule makes one of it, "" for a rule that makes a part."""


class Tables(NamedTuple):
    """A deterministic pushdown automaton; the first state is the one to begin in."""

    terminals: dict[str, str]
    """Their regular expressions."""
    ignored: list[str]
    """Terminals between tokens."""
    scanned: list[list[str]]
    """For each state the terminals that may come next, in the order they are tried."""
    moves: list[dict[str, int]]
    """For each state where a terminal, `$END` or a rule's origin leads: to a state, or by `~n` to
    the use of rule n."""
    rules: list[Rule]


@functools.cache
def tables() -> Tables:
    """The tables of the grammar, from the file."""
    data = json.loads((_HERE / "httpd_conf.json").read_bytes())
    rules = [Rule(*rule) for rule in data.pop("rules")]
    return Tables(rules=rules, **data)


def grammar() -> Lark:
    """The grammar, read by Lark itself."""
    from lark import Lark

    text = (_HERE / "httpd_conf.lark").read_text("utf-8")
    return Lark(text, start="line", parser="lalr", lexer="contextual")


def written() -> str:
    """What `httpd_conf.json` must hold."""
    lark = grammar()
    parser: Any = lark.parser
    table, lexers = parser.parser._parse_table, parser.lexer.lexers
    numbers = _numbered(table)
    rules: list[Rule] = []
    moves: list[dict[str, int]] = []
    for state in numbers:
        leads: dict[str, int] = {}
        for name, (action, to) in sorted(table.states[state].items()):
            if action.name == "Shift":
                leads[str(name)] = numbers[to]
                continue
            rule = Rule(str(to.origin.name), len(to.expansion), to.alias or "")
            if rule not in rules:
                rules.append(rule)
            leads[str(name)] = ~rules.index(rule)
        moves.append(leads)
    parts = {
        "terminals": {term.name: term.pattern.to_regexp() for term in lark.terminals},
        "ignored": lark.ignore_tokens,
        "scanned": [[term.name for term in lexers[state].terminals] for state in numbers],
        "moves": moves,
        "rules": rules,
    }
    return "{" + ",\n".join(f'"{name}": {_lines(part)}' for name, part in parts.items()) + "}\n"


def _numbered(table: Any) -> dict[int, int]:
    """A number for each state, the same each time: in the order they are met from the first."""
    (first,) = table.start_states.values()
    numbers = {first: 0}
    for state in (order := [first]):
        for _, (action, to) in sorted(table.states[state].items()):
            if action.name == "Shift" and to not in numbers:
                numbers[to] = len(numbers)
                order.append(to)
    return numbers


def _lines(part: Any) -> str:
    """JSON with an item a line."""
    if isinstance(part, dict):
        items = [f"{json.dumps(name)}: {json.dumps(item)}" for name, item in part.items()]
        return "{\n" + ",\n".join(items) + "}"
    return "[\n" + ",\n".join(json.dumps(item) for item in part) + "]"


if __name__ == "__main__":
    (_HERE / "httpd_conf.json").write_text(written(), "utf-8")
