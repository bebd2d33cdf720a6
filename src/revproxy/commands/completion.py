"""`revproxy completion SHELL`: a script that completes the command line in a shell."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

from revproxy.commands.command import Command, takes_value


def add(commands: Any) -> None:
    """Add the command."""
    completion = commands.add_parser(
        "completion",
        help="print a script that completes revproxy's command line",
        description="Print a script that completes commands, options and their values.",
        examples=(
            ("revproxy completion bash > /etc/bash_completion.d/revproxy", "for all who use bash"),
            (
                "revproxy completion zsh > ~/.zfunc/_revproxy",
                "for zsh, with ~/.zfunc in fpath before compinit",
            ),
            ("revproxy completion fish > ~/.config/fish/completions/revproxy.fish", "for fish"),
        ),
    )
    completion.add_argument("shell", choices=tuple(SCRIPTS), help="the shell")
    completion.set_defaults(run=_completion)


def _completion(options: argparse.Namespace) -> int:
    from revproxy.cli import command_line

    sys.stdout.write(SCRIPTS[options.shell](command_line()))
    return 0


def bash(parser: Command) -> str:
    """A function and its registration with `complete`."""
    cases = []
    for name, command in parser.commands.items():
        values = "".join(
            f"        {'|'.join(action.option_strings)}) words='{_choices(action)}' ;;\n"
            for action in command.options
            if takes_value(action)
        )
        words = " ".join(_choices(action) for action in command.words).strip()
        cases.append(
            f"    {name})\n"
            f"      case $before in\n{values}"
            f"        *) case $word in\n"
            f"          -*) words='{' '.join(_flags(command))}' ;;\n"
            f"          *) words='{words}' ;;\n"
            f"        esac ;;\n"
            f"      esac ;;"
        )
    names = " ".join(parser.commands)
    return f"""# bash completion of revproxy; written by `revproxy completion bash`.
_revproxy() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} words=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{names} {" ".join(_flags(parser))}' -- "$word"))
    return
  fi
  case ${{COMP_WORDS[1]}} in
{chr(10).join(cases)}
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}}
complete -o filenames -F _revproxy revproxy
"""


def zsh(parser: Command) -> str:
    """A function for `compinit`."""
    names = "\n".join(f"    '{name}:{_quoted(text)}'" for name, text in parser.summaries.items())
    cases = "\n".join(
        f"        {name})\n          _arguments \\\n"
        + " \\\n".join(f"            {spec}" for spec in _zsh_specs(command))
        + " ;;"
        for name, command in parser.commands.items()
    )
    return f"""#compdef revproxy
# zsh completion of revproxy; written by `revproxy completion zsh`.
_revproxy() {{
  local -a commands
  commands=(
{names}
  )
  local context state line
  _arguments -C '--help[show what there is]' '--version[show the version]' \\
    '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
{cases}
      esac ;;
  esac
}}
_revproxy "$@"
"""


def _zsh_specs(command: Command) -> Iterator[str]:
    for action in command.options:
        text = _quoted(action.help or "").replace("[", "(").replace("]", ")")
        for flag in action.option_strings:
            value = ""
            if takes_value(action):
                choices = _choices(action)
                value = f":{action.dest}:({choices})" if choices else f":{action.dest}:_files"
            repeat = "*" if isinstance(action, argparse._AppendAction) else ""
            yield f"'{repeat}{flag}[{text}]{value}'"
    for action in command.words:
        choices = _choices(action)
        place = "*" if action.nargs in ("*", "+") else ""
        yield f"'{place}:{action.dest}:{f'({choices})' if choices else '_files'}'"


def fish(parser: Command) -> str:
    """A list of `complete` commands."""
    lines = ["# fish completion of revproxy; written by `revproxy completion fish`."]
    names = " ".join(parser.commands)
    for name, text in parser.summaries.items():
        lines.append(
            f"complete -c revproxy -f -n 'not __fish_seen_subcommand_from {names}' "
            f"-a {name} -d '{_quoted(text)}'"
        )
    for name, command in parser.commands.items():
        start = f"complete -c revproxy -n '__fish_seen_subcommand_from {name}'"
        for action in command.options:
            flags = " ".join(
                f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
                for flag in action.option_strings
            )
            value = " -r" if takes_value(action) else ""
            choices = _choices(action)
            value += f" -f -a '{choices}'" if choices else ""
            lines.append(f"{start} {flags}{value} -d '{_quoted(action.help or '')}'")
        choices = " ".join(filter(None, map(_choices, command.words)))
        if choices:
            lines.append(f"{start} -f -a '{choices}'")
    return "\n".join([*lines, ""])


def _flags(command: Command) -> list[str]:
    return [flag for action in command.options for flag in action.option_strings]


def _choices(action: argparse.Action) -> str:
    return " ".join(map(str, action.choices or ()))


def _quoted(text: str) -> str:
    """Text for between single quotes."""
    return text.replace("'", "’").replace("%%", "%")


SCRIPTS: Final[dict[str, Callable[[Command], str]]] = {"bash": bash, "zsh": zsh, "fish": fish}
"""The shells that there are scripts for."""
