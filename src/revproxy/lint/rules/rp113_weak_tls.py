"""Protocols and ciphers that can be read by others.

SSLv2 and SSLv3 and the suites NULL, EXPORT, LOW and those without authentication are broken
(errors); TLS 1.0 and 1.1, RC4, DES and 3DES are no longer allowed by RFC 8996 and RFC 7465.

`SSLProtocol -all +TLSv1.2 +TLSv1.3`, and `SSLCipherSuite HIGH:!aNULL` or Mozilla's list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.rule import Finding, Rule, Subject

_BROKEN_PROTOCOLS: Final = ("sslv2", "sslv3")
_OLD_PROTOCOLS: Final = ("tlsv1", "tlsv1.0", "tlsv1.1")
_BROKEN: Final = frozenset(("NULL", "eNULL", "aNULL", "EXPORT", "EXP", "EXPORT40", "LOW", "ADH"))
_OLD: Final = frozenset(("RC4", "3DES", "DES", "CBC3"))


def check(subject: Subject) -> Iterator[Finding]:
    for line in subject.lines("sslprotocol", "sslproxyprotocol"):
        for index, word in enumerate(line.values):
            name = word.lower().removeprefix("+")
            if name in _BROKEN_PROTOCOLS or name in _OLD_PROTOCOLS:
                yield Finding(
                    line.word(index),
                    f"{word} can be broken",
                    "TLSv1.2 and TLSv1.3 are enough",
                    severity=Severity.ERROR if name in _BROKEN_PROTOCOLS else None,
                )
    for line in subject.lines("sslciphersuite", "sslproxyciphersuite"):
        if line.values:
            weak = list(_weak(line.values[-1]))
            if weak:
                old = all(_OLD & _parts(name) for name in weak)
                yield Finding(
                    line.word(len(line.values) - 1),
                    f"these suites can be broken: {', '.join(weak)}",
                    "HIGH:!aNULL, or Mozilla's list",
                    severity=None if old else Severity.ERROR,
                )


def _weak(suites: str) -> Iterator[str]:
    words = [word for word in re.split("[:, ]", suites) if word]
    out = {part for word in words if word[0] in "!-" for part in _parts(word[1:])}
    if "3DES" in out:
        out |= {"CBC3", "DES"}
    out |= {"eNULL"} & out and {"NULL"}
    out |= {"EXP", "EXPORT"} & out and {"EXP", "EXPORT", "EXPORT40"}
    for word in words:
        if word[0] not in "!-+@" and _parts(word) & (_BROKEN | _OLD) - out:
            yield word


def _parts(word: str) -> set[str]:
    return set(re.split("[-+_]", word))


RULE: Final = Rule(
    "RP113",
    "weak-tls",
    Severity.WARNING,
    "protocols and ciphers of TLS that are broken",
    check,
)
