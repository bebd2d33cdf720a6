"""mod_charset_lite: files in one charset are sent in another.

Laws:
- Files alone: what comes from an origin is not touched (`find_code_page`).
- text/*, message/* and application/xml types, or all with TranslateAllMimeTypes.
- An octet that is none in the source's charset is left out; a character that the other has not is a
  question mark.
"""

from __future__ import annotations

import codecs
import dataclasses
from typing import Any

from revproxy.coding.response import changed_body
from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.filters import Filter, Kind, content_type_of
from revproxy.html.charset import find_codec
from revproxy.http.message import Exchange
from revproxy.module import Hook, Module, Parser, Scope, Server, Unset, setting, value_or
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Python's names of the charsets."""

    source: str | Unset = setting()
    target: str | Unset = setting()
    all_types: bool | Unset = setting()
    implicit: bool | Unset = setting()


def _charset(name: str) -> Parser:
    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        found = find_codec(directive.values[0], {})
        if found is None:
            raise DirectiveError(f"the charset '{directive.values[0]}' is not known", argument=0)
        changes: dict[str, Any] = {name: found}
        return dataclasses.replace(settings, **changes)

    return parse


def _parse_options(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    for index, word in enumerate(directive.values):
        lower = word.lower()
        if lower in ("implicitadd", "noimplicitadd"):
            settings = dataclasses.replace(settings, implicit=lower == "implicitadd")
        elif lower in ("translateallmimetypes", "notranslateallmimetypes"):
            settings = dataclasses.replace(settings, all_types=not lower.startswith("no"))
        else:
            raise DirectiveError(f"Invalid CharsetOptions option: {word}", argument=index)
    return settings


class TranslateFilter(Filter):
    """Translates one response."""

    kind = Kind.RESOURCE

    def __init__(self, source: str, target: str, *, all_types: bool) -> None:
        self._decoder = codecs.getincrementaldecoder(source)("ignore")
        self._encoder = codecs.getincrementalencoder(target)("replace")
        self._all_types = all_types

    def start(self, exchange: Exchange, size: int | None) -> bool:
        del size
        kind = (content_type_of(exchange) or "").partition(";")[0].strip().lower()
        is_text = kind.startswith(("text/", "message/")) or kind in (
            "application/xml",
            "application/postscript",
        )
        if not (is_text or kind.endswith("+xml") or self._all_types):
            return False
        changed_body(exchange)
        return True

    def feed(self, data: bytes) -> bytes:
        return self._encoder.encode(self._decoder.decode(data))

    def finish(self) -> bytes:
        return self._encoder.encode(self._decoder.decode(b"", True), True)


def _insert_filter(settings: Settings, _server: Server) -> Hook | None:
    source, target = value_or(settings.source, ""), value_or(settings.target, "")
    if not source or not target or source == target or not value_or(settings.implicit, True):
        return None
    all_types = value_or(settings.all_types, False)

    def insert(exchange: Exchange) -> list[Filter]:
        if exchange.generated or exchange.proxy is not None or exchange.filename is None:
            return []
        return [TranslateFilter(source, target, all_types=all_types)]

    return insert


MODULE = Module(
    name="mod_charset_lite",
    settings=Settings,
    directives={
        "charsetsourceenc": _charset("source"),
        "charsetdefault": _charset("target"),
        "charsetoptions": _parse_options,
    },
    hooks={"insert_filter": _insert_filter},
)
