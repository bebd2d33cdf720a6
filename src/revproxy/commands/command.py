"""What a command tells of itself: `--help`, completion and man pages come from the same parser."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


class Command(argparse.ArgumentParser):
    """The parser of a command, with examples of its use: (command line, what it does)."""

    def __init__(
        self, *arguments: Any, examples: Sequence[tuple[str, str]] = (), **options: Any
    ) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*arguments, **options)
        self.examples = tuple(examples)

    def format_help(self) -> str:
        """As of every parser, with the examples at the end."""
        text = super().format_help()
        if self.examples:
            lines = (f"  {line}\n      {what}" for line, what in self.examples)
            text = f"{text}\nexamples:\n" + "\n".join(lines) + "\n"
        return text

    @property
    def commands(self) -> dict[str, Command]:
        """The parsers of its sub-commands, by name."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                return dict(action.choices)
        return {}

    @property
    def summaries(self) -> dict[str, str]:
        """One line on each sub-command."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                return {item.dest: item.help or "" for item in action._choices_actions}
        return {}

    @property
    def options(self) -> list[argparse.Action]:
        """What begins with a hyphen."""
        return [action for action in self._actions if action.option_strings]

    @property
    def words(self) -> list[argparse.Action]:
        """The other arguments."""
        return [
            action
            for action in self._actions
            if not action.option_strings and not isinstance(action, argparse._SubParsersAction)
        ]


def takes_value(action: argparse.Action) -> bool:
    """Whether an option is followed by a word."""
    return action.nargs != 0


def value_of(action: argparse.Action) -> str:
    """How the word of an option, or an argument, is called."""
    if isinstance(action.metavar, str):
        return action.metavar
    return "|".join(map(str, action.choices)) if action.choices else action.dest.upper()
