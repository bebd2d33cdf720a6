"""The pages of the rules (`docs/rules`), written from the rules themselves.

`python -m revproxy.lint.pages DIR` writes them; a test holds that they are in accord.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

from revproxy.config import codes
from revproxy.lint.rule import Rule
from revproxy.lint.rules import RULES


def page(rule: Rule) -> str:
    """One rule's page in Markdown."""
    text = inspect.getdoc(inspect.getmodule(rule.check)) or ""
    return f"# {rule.code} {rule.name}\n\n*{rule.severity}*: {rule.summary}\n\n{text}\n"


def explained(code: str) -> str:
    """What an id stands for: a rule's page, or a line for what reading finds; "" for none."""
    for rule in RULES:
        if rule.code == code:
            return page(rule)
    rows = (line.strip("| ").split(" | ") for line in (codes.__doc__ or "").splitlines())
    for row in rows:
        if row[0] == code:
            return f"# {code} {row[1]}\n\n*reading and checking*: {row[2]}\n"
    return ""


def index() -> str:
    """The table of all rules."""
    lines = [
        "# The rules of `revproxy lint`",
        "",
        "Ids are permanent. `--select` and `--ignore` take ids or their beginnings; a comment",
        "`# revproxy: ignore RP204 (reason)` on the line above takes one finding away.",
        "",
        "| id | name | severity | objects to |",
        "|---|---|---|---|",
    ]
    lines += (
        f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.severity} | {rule.summary} |"
        for rule in RULES
    )
    return "\n".join([*lines, ""])


def pages() -> Iterator[tuple[str, str]]:
    """Every page's file name and text."""
    yield "README.md", index()
    for rule in RULES:
        yield f"{rule.code}.md", page(rule)


def main(directory: str) -> int:
    """Write all pages."""
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    for name, text in pages():
        (target / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
