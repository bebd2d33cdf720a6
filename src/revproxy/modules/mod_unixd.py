"""mod_unixd: whom the child processes run as, when started as root."""

from __future__ import annotations

from revproxy.module import Module, Unset, setting, text
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Names, or numbers after `#`."""

    user: str | Unset = setting()
    group: str | Unset = setting()


MODULE = Module(
    name="mod_unixd",
    settings=Settings,
    directives={"user": text("user"), "group": text("group")},
)
