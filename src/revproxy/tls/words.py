"""The words of mod_ssl's directives: read here, once, for clients' and for origins' directives.

Laws:
- A value keeps the place where it was written: what turns out to be wrong when the file behind it
  is read is told with that place.
- A file that is not there, or empty, is an error of its directive, as in Apache.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from revproxy.config.tree import Directive
from revproxy.errors import DirectiveError, Location, NotThereError, UnimplementedError
from revproxy.module import Parser, Scope
from revproxy.records import dataclass

PROTOCOLS: Final = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
"""The versions OpenSSL still has, oldest first."""
_SPELLED: Final = {name.lower(): name for name in ("all", "SSLv2", "SSLv3", *PROTOCOLS)}

_VERIFY: Final = {
    "none": "none",
    "off": "none",
    "optional": "optional",
    "require": "require",
    "on": "require",
    "optional_no_ca": "optional_no_ca",
}


@dataclass(frozen=True, slots=True)
class Said:
    """A word and where it stands."""

    value: str
    location: Location


def said(directive: Directive, index: int = 0) -> Said:
    word = directive.args[index]
    return Said(word.text, word.location)


def parse_protocols(directive: Directive) -> frozenset[str]:
    """SSLProtocol's words: `+` adds, `-` takes, a bare one stands for itself alone."""
    name = directive.name
    chosen: frozenset[str] = frozenset()
    for index, word in enumerate(directive.values):
        sign, bare = (word[0], word[1:]) if word[:1] in ("+", "-") else ("", word)
        bare = _SPELLED.get(bare.lower(), bare)
        if bare in ("SSLv2", "SSLv3"):
            if sign == "-":
                continue
            raise DirectiveError(
                f"{name}: {bare} is broken and no longer supported",
                argument=index,
                hint="leave it out: TLSv1.2 and TLSv1.3 are what is safe today",
            )
        if bare != "all" and bare not in PROTOCOLS:
            raise DirectiveError(f"{name}: Illegal protocol '{bare}'", argument=index)
        these = frozenset(PROTOCOLS if bare == "all" else (bare,))
        chosen = chosen - these if sign == "-" else chosen | these if sign else these
    return chosen


def protocols(field: str) -> Parser:
    """A parser for SSLProtocol and SSLProxyProtocol."""

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        return dataclasses.replace(settings, **{field: parse_protocols(directive)})

    return parse


def ciphers(field: str, field13: str) -> Parser:
    """A parser for SSLCipherSuite and SSLProxyCipherSuite: `[SSL|TLSv1.3] list`."""

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        protocol = directive.values[0] if len(directive.args) > 1 else "SSL"
        value = said(directive, len(directive.args) - 1)
        if protocol == "SSL":
            return dataclasses.replace(settings, **{field: value})
        if protocol == "TLSv1.3":
            return dataclasses.replace(settings, **{field13: value})
        raise DirectiveError(f"protocol '{protocol}' not supported", argument=0)

    return parse


def verify(field: str) -> Parser:
    """A parser for SSLVerifyClient and SSLProxyVerify."""

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        word = directive.values[0]
        level = _VERIFY.get(word)
        if level is None:
            raise DirectiveError(f"{directive.name}: Invalid argument '{word}'", argument=0)
        return dataclasses.replace(settings, **{field: level})

    return parse


def depth(field: str) -> Parser:
    """A parser for SSLVerifyDepth and SSLProxyVerifyDepth."""

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        word = directive.values[0]
        if not (word.isascii() and word.isdigit()):
            raise DirectiveError(f"{directive.name}: Invalid argument '{word}'", argument=0)
        return dataclasses.replace(settings, **{field: int(word)})

    return parse


def revocation(field: str) -> Parser:
    """A parser for SSLCARevocationCheck and SSLProxyCARevocationCheck."""

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        words: Sequence[str] = directive.values
        if not words or words[0] not in ("none", "leaf", "chain"):
            wrong = words[0] if words else ""
            raise DirectiveError(f"{directive.name}: Invalid argument '{wrong}'", argument=0)
        for index, word in enumerate(words[1:], 1):
            if word != "no_crl_for_cert_ok":
                raise DirectiveError(f"{directive.name}: Invalid argument '{word}'", argument=index)
            raise UnimplementedError(
                f"{directive.name}: no_crl_for_cert_ok is not implemented: "
                "Python's ssl module cannot let one missing list pass",
                argument=index,
            )
        return dataclasses.replace(settings, **{field: words[0]})

    return parse


def file(field: str) -> Parser:
    """A parser for the name of a file that must be there and not empty."""

    def parse(settings: Any, directive: Directive, scope: Scope) -> Any:
        return dataclasses.replace(settings, **{field: existing(directive, scope)})

    return parse


def existing(directive: Directive, scope: Scope, index: int = 0) -> Said:
    """The file that an argument names. Raises NotThereError where there is none."""
    path = scope.path(directive.values[index])
    try:
        fine = Path(path).is_file() and Path(path).stat().st_size > 0
    except (OSError, ValueError):
        fine = False
    if not fine:
        raise NotThereError(
            f"{directive.name}: file '{path}' does not exist or is empty", argument=index
        )
    return Said(path, directive.args[index].location)


def folder(field: str) -> Parser:
    """A parser for the name of a directory that must be there."""

    def parse(settings: Any, directive: Directive, scope: Scope) -> Any:
        path = scope.path(directive.values[0])
        if not Path(path).is_dir():
            raise NotThereError(f"{directive.name}: directory '{path}' does not exist", argument=0)
        value = Said(path, directive.args[0].location)
        return dataclasses.replace(settings, **{field: value})

    return parse
