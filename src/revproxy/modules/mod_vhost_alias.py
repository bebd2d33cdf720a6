"""mod_vhost_alias: a directory for each host name or address, by a pattern.

Laws:
- `%N` is the name's Nth part, `%-N` the Nth from its end, `%0` all of it, `%p` the port; `+` takes
  what follows (or precedes) too, and `.M` picks characters of a part likewise.
- What is not there is `_`; letters become small.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Parser, Scope, Server, Unset, setting, value_or
from revproxy.records import dataclass
from revproxy.static.find import resolved

_SPECIFIER: Final = re.compile(
    r"%(?:(?P<plain>[p%])|(?P<dash>-?)(?P<part>[0-9])(?P<plus>\+?)"
    r"(?:\.(?P<inner_dash>-?)(?P<char>[0-9])(?P<inner_plus>\+?))?)"
)


@dataclass(frozen=True, slots=True)
class Template:
    """VirtualDocumentRoot's or VirtualDocumentRootIP's pattern; "" for none."""

    text: str
    by_address: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """Where documents are."""

    root: Template | Unset = setting()


def _parse(*, by_address: bool) -> Parser:
    def parse(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
        text = directive.values[0]
        if not text.startswith("/"):
            if text.lower() != "none":
                raise DirectiveError(
                    "format string must be an absolute path, or 'none'", argument=0
                )
            return dataclasses.replace(settings, root=Template(""))
        if "%" in _SPECIFIER.sub("", text) or re.search(
            r"%-?[0-9]\+?\.", _SPECIFIER.sub(_blank_whole, text)
        ):
            raise DirectiveError("syntax error in format string", argument=0)
        return dataclasses.replace(settings, root=Template(text, by_address))

    return parse


def _blank_whole(match: re.Match[str]) -> str:
    """Nothing for a specifier, but for one that a dot without a number follows."""
    follows = match.string[match.end() : match.end() + 1]
    whole = match["plain"] is not None or match["char"] is not None or follows != "."
    return "" if whole else match[0]


def expand(template: str, name: str, port: int) -> str:
    """The directory of a name. What ends in a slash loses it."""

    def value(match: re.Match[str]) -> str:
        if match["plain"] is not None:
            return "%" if match["plain"] == "%" else str(port)
        found = _picked(name.split("."), match["part"], match["dash"], match["plus"], ".")
        if match["char"] is not None:
            found = _picked(
                list(found), match["char"], match["inner_dash"], match["inner_plus"], ""
            )
        return found.lower()

    return _SPECIFIER.sub(value, template).removesuffix("/")


def _picked(items: list[str], number: str, dash: str, plus: str, joint: str) -> str:
    index = int(number)
    if index == 0:
        return joint.join(items)
    if index > len(items):
        return "_"
    if dash:
        end = len(items) - index + 1
        return joint.join(items[:end]) if plus else items[end - 1]
    return joint.join(items[index - 1 :]) if plus else items[index - 1]


def _translate(settings: Settings, server: Server) -> Hook | None:
    root = value_or(settings.root, Template(""))
    if not root.text:
        return None

    def below_host(exchange: Exchange) -> bool | None:
        if exchange.path[:1] != "/":
            return None
        name, port = server.self_address(exchange)
        if root.by_address:
            name = exchange.connection.local_address
        directory = expand(root.text, name, port)
        exchange.filename = directory + resolved(exchange.path, below_root=True)
        exchange.context = ("", directory)
        return True

    return below_host


MODULE = Module(
    name="mod_vhost_alias",
    settings=Settings,
    directives={
        "virtualdocumentroot": _parse(by_address=False),
        "virtualdocumentrootip": _parse(by_address=True),
    },
    hooks={"translate": _translate},
)
