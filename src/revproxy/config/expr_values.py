"""What expressions are made of: variables, functions and operators, with what they give.

Laws:
- What is not there gives the empty string. Variables' and functions' names compare without case.
- A field of the request that is asked for is named in the response's Vary, but Host is not.
- What Apache knows and is not here is an error at load that says so.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

from revproxy.subrequest import is_safe, look_up_file, look_up_uri

_FILE_LIMIT: Final = 10 * 1024 * 1024


class EvaluationError(Exception):
    """What an expression asks for cannot be had; who evaluates decides what that means."""


class Evaluation:
    """One evaluation for one exchange (`subject`, a `http.message.Exchange`)."""

    __slots__ = ("has_tried", "match", "subject", "vary")

    def __init__(self, subject: Any) -> None:
        self.subject = subject
        self.match: re.Match[str] | None = None
        """The last match of a regex with groups: what `$0` to `$9` are."""
        self.has_tried = False
        """A regex with groups was tried at all."""
        self.vary: list[str] = []

    def group(self, number: int) -> str:
        """What `$number` stands for, "" where there is no such group."""
        match = self.match
        if match is None or number > match.re.groups:
            return ""
        return match[number] or ""


Word: TypeAlias = Callable[[Evaluation], str]
Test: TypeAlias = Callable[[Evaluation], bool]
Function: TypeAlias = Callable[[Evaluation, str], str]
Unary: TypeAlias = Callable[[Evaluation, str], bool]


def _root(subject: Any, *, is_own: bool) -> str:
    """The directory that a path was mapped below; of its own where that was no alias."""
    known: str = subject.server.server.document_root
    prefix, root = subject.context or ("", known)
    return known if is_own and prefix else str(root)


def _of(get: Callable[[Any], str | None]) -> Word:
    return lambda evaluation: get(evaluation.subject) or ""


def _now(form: str) -> Word:
    return lambda _evaluation: time.strftime(form)


def _header(name: str) -> Word:
    return lambda evaluation: _request_field(evaluation, name)


def _request_field(evaluation: Evaluation, name: str) -> str:
    if name.lower() != "host":
        evaluation.vary.append(name)
    return _request_field_silently(evaluation, name)


def _request_field_silently(evaluation: Evaluation, name: str) -> str:
    return evaluation.subject.fields.joined(name) or ""


def _response_field(evaluation: Evaluation, name: str) -> str:
    subject = evaluation.subject
    value = subject.out.get(name)
    if value is None and name.lower() == "content-length" and not subject.generated:
        # It is written into the head when the response is sent.
        return _body_length(subject.body)
    return value or ""


def _body_length(body: Any) -> str:
    length = (len(body) or None) if isinstance(body, bytes) else getattr(body, "length", None)
    return "" if length is None else str(length)


def _filename(subject: Any) -> str:
    if subject.filename is not None:
        return str(subject.filename)
    return "" if subject.proxy is None else f"proxy:{subject.proxy.request_url}"


def _stat(subject: Any) -> os.stat_result | None:
    try:
        return None if subject.filename is None else os.stat(subject.filename.encode("latin-1"))
    except (OSError, ValueError):
        return None


def _modified(subject: Any) -> str:
    found = _stat(subject)
    seconds = 0 if found is None else found.st_mtime
    return time.strftime("%Y%m%d%H%M%S", time.localtime(seconds))


def _owner(subject: Any) -> str:
    import pwd

    found = _stat(subject)
    try:
        return "" if found is None else pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        return ""


def _group_of(subject: Any) -> str:
    import grp

    found = _stat(subject)
    try:
        return "" if found is None else grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        return ""


def tls_variable(name: str) -> Word:
    """A variable of mod_ssl, by its name in upper case."""

    def get(subject: Any) -> str | None:
        tls = subject.connection.tls
        return None if tls is None else tls.variable(name)

    return _of(get)


VARIABLES: Final[dict[str, Word]] = {
    "http2": _of(lambda _subject: "off"),
    "https": _of(lambda subject: "on" if subject.connection.is_tls else "off"),
    "ipv6": _of(lambda subject: "on" if ":" in subject.connection.client_address else "off"),
    "conn_log_id": _of(lambda subject: subject.connection.memo.get("log_id")),
    "conn_remote_addr": _of(lambda subject: subject.connection.client_address),
    "request_method": _of(lambda subject: subject.method),
    "request_scheme": _of(lambda subject: subject.server.server.self_scheme(subject)),
    "request_uri": _of(lambda subject: subject.path),
    "request_filename": _of(_filename),
    "request_log_id": _of(lambda subject: subject.log_id),
    "request_status": _of(lambda subject: str(subject.status)),
    "remote_addr": _of(lambda subject: subject.client_address),
    "remote_host": _of(lambda subject: subject.remote_host or subject.client_address),
    "remote_port": _of(lambda subject: str(subject.client_port)),
    "remote_ident": _of(lambda _subject: ""),
    "remote_user": _of(lambda subject: subject.user),
    "auth_type": _of(lambda subject: subject.auth_type),
    "server_admin": _of(lambda subject: subject.server.server.admin),
    "server_name": _of(lambda subject: subject.server.server.self_address(subject)[0]),
    "server_port": _of(lambda subject: str(subject.server.server.self_address(subject)[1])),
    "server_protocol": _of(lambda subject: subject.protocol),
    "server_software": _of(lambda subject: subject.server.server.product),
    "api_version": _of(lambda _subject: "20120211"),
    "script_filename": _of(_filename),
    "script_user": _of(_owner),
    "script_group": _of(_group_of),
    "path_info": _of(lambda subject: subject.path_info),
    "query_string": _of(lambda subject: subject.query),
    "is_subreq": _of(lambda subject: "false" if subject.main is None else "true"),
    "document_root": _of(lambda subject: _root(subject, is_own=True)),
    "context_document_root": _of(lambda subject: _root(subject, is_own=False)),
    "context_prefix": _of(lambda subject: (subject.context or ("", ""))[0]),
    "document_uri": _of(lambda subject: subject.path),
    "last_modified": _of(_modified),
    "the_request": _of(lambda subject: subject.request_line),
    "content_type": _of(lambda subject: subject.content_type or subject.out.get("content-type")),
    "handler": _of(lambda subject: subject.handler),
    "time_year": _now("%Y"),
    "time_mon": _now("%m"),
    "time_day": _now("%d"),
    "time_hour": _now("%H"),
    "time_min": _now("%M"),
    "time_sec": _now("%S"),
    "time_wday": _now("%w"),
    "time": _now("%Y%m%d%H%M%S"),
    "http_user_agent": _header("User-Agent"),
    "http_proxy_connection": _header("Proxy-Connection"),
    "http_referer": _header("Referer"),
    "http_cookie": _header("Cookie"),
    "http_forwarded": _header("Forwarded"),
    "http_host": _header("Host"),
    "http_accept": _header("Accept"),
}


def _environment(evaluation: Evaluation, name: str) -> str:
    subject = evaluation.subject
    for table in (subject.notes, subject.env, os.environ):
        value = table.get(name)
        if value is not None:
            return str(value)
    return ""


def _percent(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02x}"


_TO_ESCAPE: Final = re.compile(r"[^A-Za-z0-9$\-_.+!*'(),:@&=/~;]")
_ESCAPED: Final = re.compile(r"%([0-9A-Fa-f]{2})?")
_LDAP: Final = re.compile(r"[\"()*+,;<>\\\x80-\xff]")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*")


def _unescape(_evaluation: Evaluation, text: str) -> str:
    bad = False

    def decoded(match: re.Match[str]) -> str:
        nonlocal bad
        code = int(match[1], 16) if match[1] else 0
        bad = bad or code == 0
        # A slash stays as it is written, since it would be another path.
        return match[0] if code == 0x2F else chr(code)

    result = _ESCAPED.sub(decoded, text)
    return "" if bad else result


def _unbase64(_evaluation: Evaluation, text: str) -> str:
    found = _BASE64.match(text)
    digits = found[0] if found is not None else ""
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    decoded = base64.b64decode(digits + "=" * (-len(digits) % 4)).decode("latin-1")
    return decoded.partition("\0")[0]


def _file(_evaluation: Evaluation, name: str) -> str:
    try:
        with Path(os.fsdecode(name.encode("latin-1"))).open("rb") as file:
            data = file.read(_FILE_LIMIT + 1)
    except (OSError, ValueError):
        raise EvaluationError(f"Cannot open file {name}") from None
    if len(data) > _FILE_LIMIT:
        raise EvaluationError(f"File {name} too large")
    return data.decode("latin-1").partition("\0")[0]


def _file_stat(name: str, *, follow: bool = True) -> os.stat_result | None:
    try:
        return os.stat(name.encode("latin-1"), follow_symlinks=follow) if name else None
    except (OSError, ValueError):
        return None


def _file_size(_evaluation: Evaluation, name: str) -> str:
    found = _file_stat(name)
    return "0" if found is None else str(found.st_size)


_LOWER: Final = {code: code + 32 for code in range(65, 91)}
_UPPER: Final = {code: code - 32 for code in range(97, 123)}


def _octets(make: Callable[[bytes], str]) -> Function:
    return lambda _evaluation, text: make(text.encode("latin-1"))


FUNCTIONS: Final[dict[str, Function]] = {
    "req": _request_field,
    "http": _request_field,
    "req_novary": _request_field_silently,
    "resp": _response_field,
    "reqenv": lambda evaluation, name: evaluation.subject.env.get(name, ""),
    "osenv": lambda _evaluation, name: os.environ.get(name, ""),
    "note": lambda evaluation, name: evaluation.subject.notes.get(name, ""),
    "env": _environment,
    "tolower": lambda _evaluation, text: text.translate(_LOWER),
    "toupper": lambda _evaluation, text: text.translate(_UPPER),
    "escape": lambda _evaluation, text: _TO_ESCAPE.sub(_percent, text),
    "unescape": _unescape,
    "base64": _octets(lambda data: base64.b64encode(data).decode()),
    "unbase64": _unbase64,
    "md5": _octets(lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest()),
    "sha1": _octets(lambda data: hashlib.sha1(data, usedforsecurity=False).hexdigest()),
    "file": _file,
    "filesize": _file_size,
    "ldap": lambda _evaluation, text: _LDAP.sub(lambda match: f"\\{ord(match[0]):02x}", text),
}


def _has_mode(check: Callable[[os.stat_result], bool], *, follow: bool = True) -> Unary:
    def holds(_evaluation: Evaluation, name: str) -> bool:
        found = _file_stat(name, follow=follow)
        return found is not None and check(found)

    return holds


_IS_LINK: Final = _has_mode(lambda found: stat.S_ISLNK(found.st_mode), follow=False)


def _is_reachable(evaluation: Evaluation, path: str) -> bool:
    subject = evaluation.subject
    return is_safe(subject) and look_up_uri(subject, path).status < 400


LOOKING_AHEAD: Final[dict[str, Unary]] = {
    "-A": _is_reachable,
    "-F": lambda evaluation, name: look_up_file(evaluation.subject, name).is_file,
    "-U": _is_reachable,
}
"""The tests that make a sub-request."""

UNARY: Final[dict[str, Unary]] = {
    **LOOKING_AHEAD,
    "-n": lambda _evaluation, text: text != "",
    "-z": lambda _evaluation, text: text == "",
    "-T": lambda _evaluation, text: text.lower() not in ("", "0", "off", "false", "no"),
    "-d": _has_mode(lambda found: stat.S_ISDIR(found.st_mode)),
    "-e": _has_mode(lambda _found: True),
    "-f": _has_mode(lambda found: stat.S_ISREG(found.st_mode)),
    "-s": _has_mode(lambda found: stat.S_ISREG(found.st_mode) and found.st_size > 0),
    "-L": _IS_LINK,
    "-h": _IS_LINK,
    "-x": _has_mode(lambda found: bool(found.st_mode & 0o111)),
}

_NUMBER: Final = re.compile(r"[ \t\n\v\f\r]*([+-]?[0-9]{1,30})")


def _number(text: str) -> int:
    """The number that a text begins with, within 64 bits, as Apache reads it; 0 for none."""
    match = _NUMBER.match(text)
    return 0 if match is None else max(-(1 << 63), min(int(match[1]), (1 << 63) - 1))


Comparison: TypeAlias = Callable[[str, str], bool]

COMPARISONS: Final[dict[str, Comparison]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "eq": lambda left, right: _number(left) == _number(right),
    "ne": lambda left, right: _number(left) != _number(right),
    "lt": lambda left, right: _number(left) < _number(right),
    "le": lambda left, right: _number(left) <= _number(right),
    "gt": lambda left, right: _number(left) > _number(right),
    "ge": lambda left, right: _number(left) >= _number(right),
}
"""Strings by octets, and numbers."""


Comparable: TypeAlias = Callable[[str], bool]


def parse_network(text: str) -> Comparable:
    """Whether an address is in this network. Raises ValueError."""
    address, slash, mask = text.partition("/")
    octets = address.rstrip(".").split(".")
    if ":" not in address and not slash and len(octets) < 4:
        text = f"{'.'.join(octets + ['0'] * (4 - len(octets)))}/{8 * len(octets)}"
    elif slash and not mask:
        raise ValueError(text)
    network = ipaddress.ip_network(text, strict=False)

    def holds(address: str) -> bool:
        try:
            return ipaddress.ip_address(address.partition("%")[0]) in network
        except ValueError:
            return False

    return holds


_PART: Final = re.compile(r"\*+|\?|\[([!^]?)(\]?[^\]]*)\]|\\(.)|(.)", re.DOTALL)


def _wildcard(text: str, *, path: bool = False, fold: bool = False) -> Comparable:
    """`*`, `?` and `[...]` over a whole text; in a path none of them matches a slash."""
    guard, any_char = ("(?!/)", "[^/]") if path else ("", ".")

    def part(match: re.Match[str]) -> str:
        if match[2] is not None:
            members = re.sub(r"([\\\[\]&~|^])", r"\\\1", match[2])
            return f"{guard}[{'^' if match[1] else ''}{members}]"
        literal = match[3] or match[4]
        if literal is not None:
            return re.escape(literal)
        return f"{any_char}*" if match[0][0] == "*" else any_char

    flags = re.DOTALL | re.ASCII | (re.IGNORECASE if fold else 0)
    try:
        fits = re.compile(_PART.sub(part, text), flags).fullmatch
    except re.error:
        # A range the wrong way round: no text is in it.
        return lambda _subject: False
    return lambda subject: fits(subject) is not None


WILDCARDS: Final[dict[str, Callable[[str], Comparable]]] = {
    "-strmatch": _wildcard,
    "-strcmatch": lambda text: _wildcard(text, fold=True),
    "-fnmatch": lambda text: _wildcard(text, path=True),
}
