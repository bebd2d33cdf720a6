"""mod_xml2enc: the charset of pages that other filters work on, and the filter `xml2enc`.

Laws:
- xml2EncAlias counts for the whole server; the others for where they stand.
- `proxy-html` does the same to its pages by itself; the filter is for other types of text.
"""

from __future__ import annotations

import dataclasses

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError
from revproxy.html.charset import Charsets, find_codec
from revproxy.html.encode import EncodeFilter
from revproxy.module import FilterMaker, Module, Scope, Server, value_or


def _parse_default(settings: Charsets, directive: Directive, _scope: Scope) -> Charsets:
    word = directive.values[0]
    if find_codec(word, value_or(settings.aliases, {})) is None:
        raise DirectiveError("Default charset not found", argument=0)
    return dataclasses.replace(settings, default=word)


def _parse_alias(settings: Charsets, directive: Directive, _scope: Scope) -> Charsets:
    charset, *names = directive.values
    aliases = {**value_or(settings.aliases, {}), **{name.lower(): charset for name in names}}
    return dataclasses.replace(settings, aliases=aliases)


def _parse_start(settings: Charsets, directive: Directive, _scope: Scope) -> Charsets:
    elements = (*value_or(settings.start_parse, ()), *directive.values)
    return dataclasses.replace(settings, start_parse=elements)


def _xml2enc(settings: Charsets, _server: Server) -> FilterMaker:
    return lambda _exchange: EncodeFilter(settings)


MODULE = Module(
    name="mod_xml2enc",
    settings=Charsets,
    directives={
        "xml2encdefault": _parse_default,
        "xml2encalias": _parse_alias,
        "xml2startparse": _parse_start,
    },
    filters={"xml2enc": _xml2enc},
)
