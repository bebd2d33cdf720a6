"""mpm_trio: revproxy's own directives, written in `<IfModule mpm_trio_module>`.

Apache skips that section, so a file that uses them stays valid for both.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.module import Module, Scope, Unset, setting


@dataclass(frozen=True, slots=True)
class Settings:
    """`processes`: child processes, 0 for one a core."""

    processes: int | Unset = setting()


def _parse_processes(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0].lower()
    if word == "auto":
        return dataclasses.replace(settings, processes=0)
    if not (word.isascii() and word.isdigit()) or not 1 <= int(word) <= 1024:
        raise DirectiveError("Processes must be 'auto' or a number from 1 to 1024", argument=0)
    return dataclasses.replace(settings, processes=int(word))


MODULE = Module(name="mpm_trio", settings=Settings, directives={"processes": _parse_processes})
