"""A client's answer to a Digest challenge (RFC 7616), right or wrong in what a case says.

In a request, a line `@DIGEST user password name=value ...@` becomes the Authorization field that
answers the last challenge of the conversation. `name=value` replaces a parameter (`nonce=next`
takes the server's next nonce, `nonce=first` that of the first challenge), `-name` leaves one out,
and `+text` is added as it is. With `for:method` and `for:uri` the proof is for another method or
target.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Sequence

Headers = Sequence[tuple[str, str]]

_LINE = re.compile(rb"@DIGEST (.*?)@(?=\r\n)")
_QUOTED = ("username", "realm", "nonce", "uri", "cnonce", "response", "opaque")


def answered(request: bytes, responses: Sequence[Headers]) -> bytes:
    """The request with its line for Digest filled in."""
    match = _LINE.search(request)
    if match is None:
        return request
    method, target = request.decode("latin-1").split(" ")[:2]
    field = _field(shlex.split(match[1].decode("latin-1")), method, target, responses)
    return request.replace(match[0], b"Authorization: Digest " + field.encode("latin-1"))


def _field(words: list[str], method: str, target: str, responses: Sequence[Headers]) -> str:
    user, password, *options = words
    challenges = [
        value for headers in responses for name, value in headers if name == "WWW-Authenticate"
    ]
    given = {"username": user, "uri": target, "qop": "auth", "nc": "00000001", "cnonce": "abc"}
    for name in ("realm", "nonce", "opaque"):
        found = re.search(rf'\b{name}="((?:[^"\\]|\\.)*)"', challenges[-1])
        if found is not None:
            given[name] = re.sub(r"\\(.)", r"\1", found[1])
    changed = {}
    for option in options:
        name, equals, value = option.partition("=")
        if equals and name[0] not in "+-":
            changed[name] = value
    given |= {name: value for name, value in changed.items() if name in given}
    given["nonce"] = _nonce(given["nonce"], challenges[0], responses)
    proof = changed.get("response") or _proof(
        given,
        password,
        changed.get("for:method", method),
        changed.get("for:uri", given["uri"]),
    )
    given["response"] = proof
    for name, value in changed.items():
        if not name.startswith("for:"):
            given.setdefault(name, value)
    added = [option[1:] for option in options if option.startswith("+")]
    left_out = {option[1:] for option in options if option.startswith("-")}
    parts = [
        f"{name}={_quoted(value) if name in _QUOTED else value}"
        for name, value in given.items()
        if name not in left_out
    ]
    return ", ".join([*parts, *added])


def _nonce(nonce: str, first: str, responses: Sequence[Headers]) -> str:
    if nonce == "first":
        return re.findall(r'\bnonce="([^"]*)"', first)[0]
    if nonce == "next":
        text = " ".join(value for headers in responses for _, value in headers)
        return [nonce, *re.findall(r'nextnonce="([^"]*)"', text)][-1]
    return nonce


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _proof(given: dict[str, str], password: str, method: str, uri: str) -> str:
    ha1 = _md5(f"{given['username']}:{given['realm']}:{password}")
    middle = f"{given['nonce']}:{given['nc']}:{given['cnonce']}:{given['qop']}"
    return _md5(f"{ha1}:{middle}:{_md5(f'{method}:{uri}')}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("latin-1"), usedforsecurity=False).hexdigest()
