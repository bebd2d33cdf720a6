"""mod_ssl: TLS towards clients and towards origins.

The order of the parts: words (`tls/words.py`) to settings, settings to contexts (`tls/client.py`,
`tls/origin.py`), and hooks: whether a request may be served on its connection, who may, what the
environment says of it, and what the connection to its origin is secured with.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from revproxy.config.expr import compile_condition
from revproxy.config.tree import Directive
from revproxy.errors import Diagnostic, DirectiveError, Severity, UnimplementedError
from revproxy.module import (
    Module,
    Parser,
    Scope,
    ScopeKind,
    choice,
    flag,
    number,
    text,
    value_or,
)
from revproxy.tls import words
from revproxy.tls.hooks import access, authn, fixups, names, post_read
from revproxy.tls.options import parse_options
from revproxy.tls.require import as_expression
from revproxy.tls.settings import Settings

_COMMANDS: Final = frozenset((
    "groups", "curves", "ecdhparameters", "minprotocol", "maxprotocol", "cipherstring",
    "ciphersuites", "dhparameters",
))  # fmt: skip


def _for_host(parser: Parser) -> Parser:
    """For what Apache renegotiates in a section: only whole virtual hosts can have it here."""

    def parse(settings: Any, directive: Directive, scope: Scope) -> Any:
        if scope.kind is not ScopeKind.SERVER:
            raise UnimplementedError(
                f"{directive.name} in a section is not implemented: "
                "Python's ssl module cannot renegotiate",
                hint="write it into the <VirtualHost>, and Require expr into the section",
            )
        return parser(settings, directive, scope)

    return parse


def _parse_engine(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    word = directive.values[0].lower()
    if word not in ("on", "off", "optional"):
        raise DirectiveError("Argument must be On, Off, or Optional", argument=0)
    if word == "optional":
        _warn(directive, scope, "no client upgrades a connection to TLS: as in Apache, it is Off")
        word = "off"
    return dataclasses.replace(settings, engine=word, engine_at=directive.location)


def _warn(directive: Directive, scope: Scope, why: str) -> None:
    """Say that a directive does nothing here, which is no reason not to serve."""
    text = f"{directive.name} {directive.values[0]} has no effect: {why}"
    scope.warn(Diagnostic("RP527", Severity.WARNING, directive.location, text))


def _without_effect(parser: Parser, why: str) -> Parser:
    """What is checked, and then not done."""

    def parse(settings: Any, directive: Directive, scope: Scope) -> Any:
        parser(settings, directive, scope)
        _warn(directive, scope, why)
        return settings

    return parse


def _parse_stapling(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    word = directive.values[0].lower()
    if word not in ("on", "off"):
        raise DirectiveError(f"{directive.name} must be On or Off", argument=0)
    if word == "on":
        _warn(directive, scope, "Python's ssl module cannot staple; clients go without")
    return settings


def _parse_ocsp(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    word = directive.values[0].lower() if len(directive.values) == 1 else ""
    if word not in ("on", "leaf", "off"):
        raise DirectiveError("SSLOCSPEnable must be On, Leaf or Off", argument=0)
    if word != "off":
        raise UnimplementedError(
            f"SSLOCSPEnable {word} is not implemented: Python's ssl module has no OCSP, and "
            "certificates that were taken back would be let in",
            argument=0,
            hint="check revocation lists instead: SSLCARevocationCheck and SSLCARevocationFile",
        )
    return settings


def _file_list(field: str) -> Parser:
    """One more file of a list."""

    def parse(settings: Any, directive: Directive, scope: Scope) -> Any:
        found = (*value_or(getattr(settings, field), ()), words.existing(directive, scope))
        return dataclasses.replace(settings, **{field: found})

    return parse


def _parse_verify(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    if directive.values[0] == "optional_no_ca":
        raise UnimplementedError(
            "SSLVerifyClient optional_no_ca is not implemented: "
            "Python's ssl module cannot let an unknown certificate pass",
            argument=0,
        )
    changed: Settings = words.verify("verify_client")(settings, directive, scope)
    return changed


def _parse_pass_phrase(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    word = directive.values[0]
    if word != "builtin" and not word.startswith("exec:"):
        raise UnimplementedError(
            f"SSLPassPhraseDialog: '{word}' is not implemented",
            argument=0,
            hint="write exec:/path/to/program",
        )
    if word.startswith("exec:"):
        word = f"exec:{scope.path(word[5:])}"
    value = words.Said(word, directive.args[0].location)
    return dataclasses.replace(settings, pass_phrase=value)


def _parse_command(settings: Settings, directive: Directive, scope: Scope) -> Settings:
    name = directive.values[0].lower()
    if name not in _COMMANDS:
        raise UnimplementedError(
            f"SSLOpenSSLConfCmd {directive.values[0]} is not implemented",
            argument=0,
            hint="there are: Groups, MinProtocol, MaxProtocol, CipherString, DHParameters",
        )
    value = words.said(directive, 1)
    if name == "dhparameters":
        value = words.existing(directive, scope, 1)
    commands = (*value_or(settings.commands, ()), (name, value))
    return dataclasses.replace(settings, commands=commands)


def _parse_require_ssl(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    if directive.args:
        raise DirectiveError("SSLRequireSSL takes no arguments", argument=0)
    return dataclasses.replace(settings, require_ssl=True)


def _parse_require(settings: Settings, directive: Directive, _scope: Scope) -> Settings:
    try:
        condition = compile_condition(as_expression(directive.raw.strip()))
    except ValueError as error:
        raise DirectiveError(
            f"Cannot parse expression in SSLRequire: {error}",
            hint="SSLRequire is the old form: write Require expr",
        ) from None
    return dataclasses.replace(settings, requires=(*value_or(settings.requires, ()), condition))


def _only_off(why: str) -> Parser:
    """A switch that cannot be turned on here."""

    def parse(settings: Any, directive: Directive, _scope: Scope) -> Any:
        word = directive.values[0].lower()
        if word not in ("on", "off"):
            raise DirectiveError(f"{directive.name} must be On or Off", argument=0)
        if word == "on":
            raise UnimplementedError(f"{directive.name} On is not implemented: {why}", argument=0)
        return settings

    return parse


_NO_TICKET_KEYS: Final = (
    "Python's ssl module makes the keys itself, the same for all child processes; sessions are not "
    "resumed on other machines"
)
_NO_NAMES: Final = "Python's ssl module asks clients without the names of authorities"

MODULE = Module(
    name="mod_ssl",
    settings=Settings,
    directives={
        "sslengine": _parse_engine,
        "sslcertificatefile": _file_list("certificates"),
        "sslcertificatekeyfile": _file_list("keys"),
        "sslcertificatechainfile": words.file("chain_file"),
        "sslpassphrasedialog": _parse_pass_phrase,
        "sslprotocol": words.protocols("protocols"),
        "sslciphersuite": _for_host(words.ciphers("ciphers", "ciphers13")),
        "sslhonorcipherorder": flag("honor_order"),
        "sslsessiontickets": flag("tickets"),
        "sslopensslconfcmd": _parse_command,
        "sslverifyclient": _parse_verify,
        "sslrenegbuffersize": number("kept_body"),
        "sslverifydepth": _for_host(words.depth("verify_depth")),
        "sslcacertificatefile": _for_host(words.file("ca_file")),
        "sslcacertificatepath": _for_host(words.folder("ca_path")),
        "sslcarevocationcheck": words.revocation("crl_check"),
        "sslcarevocationfile": words.file("crl_file"),
        "sslcarevocationpath": words.folder("crl_path"),
        "sslstrictsnivhostcheck": flag("strict_sni"),
        "sslvhostsnipolicy": choice("sni_policy", "strict", "secure", "authonly", "insecure"),
        "sslrequiressl": _parse_require_ssl,
        "sslrequire": _parse_require,
        "ssloptions": parse_options,
        "sslusername": text("user_name"),
        "sslusestapling": _parse_stapling,
        "sslocspenable": _parse_ocsp,
        "sslsessionticketkeyfile": _without_effect(words.file("ca_file"), _NO_TICKET_KEYS),
        "sslcadnrequestfile": _without_effect(words.file("ca_file"), _NO_NAMES),
        "sslcadnrequestpath": _without_effect(words.folder("ca_path"), _NO_NAMES),
        "sslinsecurerenegotiation": _only_off("it is what its name says"),
        "sslfips": _only_off("the library decides"),
        "sslproxyengine": flag("proxy_engine"),
        "sslproxyprotocol": words.protocols("proxy_protocols"),
        "sslproxyciphersuite": words.ciphers("proxy_ciphers", "proxy_ciphers13"),
        "sslproxyverify": words.verify("proxy_verify"),
        "sslproxyverifydepth": words.depth("proxy_depth"),
        "sslproxycacertificatefile": words.file("proxy_ca_file"),
        "sslproxycacertificatepath": words.folder("proxy_ca_path"),
        "sslproxycarevocationcheck": words.revocation("proxy_crl_check"),
        "sslproxycarevocationfile": words.file("proxy_crl_file"),
        "sslproxycarevocationpath": words.folder("proxy_crl_path"),
        "sslproxymachinecertificatefile": words.file("proxy_machine_file"),
        "sslproxymachinecertificatepath": words.folder("proxy_machine_path"),
        "sslproxymachinecertificatechainfile": words.file("proxy_machine_chain"),
        "sslproxycheckpeername": flag("proxy_check_name"),
        "sslproxycheckpeercn": flag("proxy_check_cn"),
        "sslproxycheckpeerexpire": flag("proxy_check_expire"),
    },
    hooks={
        "post_read": post_read,
        "names": names,
        "access": access,
        "authn": authn,
        "fixups": fixups,
    },
)
