"""What a case came to on one server, as plain fields that can be compared and printed.

Laws:
- Only what must differ is blurred: ports, directories, product names, the present date.
- Values of one field stay in order; fields of different names are sorted unless a case says
  `ordered`.
"""

from __future__ import annotations

import gzip
import re
import ssl
import time
import zlib
from dataclasses import replace
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import brotli

from tests.oracle.cases import Case, Group
from tests.oracle.certificates import client_context
from tests.oracle.client import Client, Response, Talk
from tests.oracle.origin import Origin, Seen
from tests.oracle.servers import Server, dead_port
from tests.oracle.text import Blur, wire

Outcome: TypeAlias = dict[str, Any]


def run_group(group: Group, kind: str) -> dict[str, Outcome]:
    """Start one server of `kind` for the group and run all its cases, in order."""
    with TemporaryDirectory(prefix="oracle-") as name:
        return run_group_in(Path(name), group, kind)


def run_group_in(directory: Path, group: Group, kind: str) -> dict[str, Outcome]:
    """The same in an empty directory of the caller's choice."""
    with dead_port() as dead:
        origin = Origin(directory, group.config)
        try:
            server = Server(kind, directory, origin, dead)
            with server.running(group.config, group.files):
                return {case.name: run_case(case, server, origin) for case in group.cases}
        finally:
            origin.close()


def run_case(case: Case, server: Server, origin: Origin) -> Outcome:
    """Hold one conversation and tell how it went."""
    origin.play(case.origin, server.places)
    requests = [wire(text, server.places) for text in case.requests]
    tunnel = wire(case.tunnel, server.places)
    try:
        client = Client(server.ports[case.port - 1], *_tls(case))
        talk = client.converse(requests, case.responses, tunnel, shutdown=case.shutdown)
    except ssl.SSLError as problem:
        return {"status": [f"no handshake: {problem.reason}"]}
    except (TimeoutError, OSError, ValueError) as problem:
        return {"status": [f"no answer: {problem!r}"]}
    blur = Blur(server.places)
    log = server.log_lines(max(len(talk.responses), case.lines))
    outcome = _talk(talk, blur, ordered=case.ordered)
    outcome["seen"] = [_seen(seen, blur, reuse=case.reuse) for seen in origin.seen()]
    sizes = {f" {len(item.body)} " for item in talk.responses if _decoded(item) is not item}
    for size in sizes:
        log = [line.replace(size, " <coded> ") for line in log]
    outcome["log"] = [blur(line) for line in log]
    if case.told:
        outcome["told"] = [blur(line) for line in server.error_lines(case.told)]
    return outcome


def _tls(case: Case) -> tuple[ssl.SSLContext, str | None] | tuple[()]:
    """How the client speaks TLS, and the name it asks for."""
    if not case.tls:
        return ()
    name = None if case.tls == "-" else case.tls
    return client_context(case.client, case.version, later=case.later), name


def _talk(talk: Talk, blur: Blur, *, ordered: bool) -> Outcome:
    plain = [_blurred(response, blur) for response in talk.responses]
    headers = [response.headers for response in plain]
    return {
        "status": [response.status for response in plain],
        "interim": [response.interim for response in plain],
        "headers": headers if ordered else [_grouped(items) for items in headers],
        "body": [response.body.decode("latin-1") for response in plain],
        "framing": [
            f"{response.framing}{'' if response.complete else ', cut short'}" for response in plain
        ],
        "trailers": [response.trailers for response in plain],
        "kept": talk.kept,
        # What nobody asked for: its status lines, and how it begins where it is no response.
        "extra": _STATUS_LINE.findall(talk.extra) or talk.extra[:200],
        "tunnel": blur(talk.tunnel.decode("latin-1")),
    }


def _decoded(response: Response) -> Response:
    """A compressed body as what it stands for; two coders need not make the same octets."""
    fields = {name.lower(): value for name, value in response.headers}
    decode = {"gzip": gzip.decompress, "br": brotli.decompress}.get(
        fields.get("content-encoding", "")
    )
    if decode is None or not response.body:
        return response
    try:
        body = decode(response.body)
    except (OSError, EOFError, zlib.error, brotli.error):
        return response
    coded = [
        (name, "<coded>" if name.lower() == "content-length" else value)
        for name, value in response.headers
    ]
    return replace(response, body=body, headers=coded)


def _blurred(response: Response, blur: Blur) -> Response:
    response = _decoded(response)
    body = blur(response.body.decode("latin-1")).encode("latin-1", "replace")
    length = (str(len(response.body)), str(len(body)))
    headers = []
    date = next((value for name, value in response.headers if name.lower() == "date"), "")
    for name, value in response.headers:
        value = blur(value)
        if name.lower() == "date":
            value = _date(value)
        elif name.lower() == "etag":
            value = _OF_LIST.sub(r'\1;<list>"', value)
        elif name.lower() == "expires" and _seconds(value) - _seconds(date) in (-1, 0):
            value = "<date>"
        elif name.lower() == "server" and value in ("Apache", "revproxy"):
            value = "<product>"
        elif name.lower() == "allow":
            # Apache's order changes from process to process.
            value = ",".join(sorted(value.split(",")))
        elif name.lower() == "content-length" and value == length[0]:
            value = length[1]
        headers.append((name, value))
    return replace(
        response,
        headers=headers,
        body=body,
        interim=[_now(blur(text)) for text in response.interim],
    )


# The directory that variants are found in is new, and its time another on each side; Apache
# forgets the closing quote (`etag-of-a-list`).
_OF_LIST = re.compile(r'^(?:W/)?("[^;]*);[0-9a-f-]+"?$')


def _now(text: str) -> str:
    lines = [line.partition(": ") for line in text.split("\n")]
    return "\n".join(
        name + colon + (_date(value) if name.lower() == "date" else value)
        for name, colon, value in lines
    )


def _seconds(value: str) -> int:
    parsed = parsedate_tz(value)
    return 0 if parsed is None else mktime_tz(parsed)


def _date(value: str) -> str:
    parsed = parsedate_tz(value)
    if parsed is not None and abs(mktime_tz(parsed) - time.time()) < 3600:
        return "<now>"
    return value


def _grouped(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    # A stable sort: the values of one name keep their order.
    return sorted(headers, key=lambda item: item[0].lower())


def _seen(seen: Seen, blur: Blur, *, reuse: bool) -> str:
    where = f"[{seen.door}{f', connection {seen.connection}' if reuse else ''}]"
    head, body = seen.head.decode("latin-1"), seen.body.decode("latin-1")
    return blur(f"{where}\n{head.replace(chr(13) + chr(10), chr(10))}{body}")


_STATUS_LINE = re.compile(rb"HTTP/1\.[01] \d+ [^\r\n]*")

FIELDS = (
    "status",
    "interim",
    "headers",
    "body",
    "framing",
    "trailers",
    "kept",
    "extra",
    "tunnel",
    "seen",
    "log",
    "told",
)


def differences(case: Case, apache: Outcome, ours: Outcome) -> dict[str, str]:
    """The fields in which the two outcomes differ, each with both values as text."""
    found = {}
    for name in FIELDS:
        if name in case.ignore:
            continue
        if apache.get(name) != ours.get(name):
            found[name] = f"apache:   {show(apache.get(name))}\nrevproxy: {show(ours.get(name))}"
    return found


def show(value: Any) -> str:
    """A value of an outcome, readable."""
    if isinstance(value, list):
        return "\n          ".join(show(item) for item in value) if value else "(none)"
    if isinstance(value, tuple):
        return ": ".join(value)
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) < 1500 else f"{text[:700]} ... {text[-700:]} ({len(text)} octets)"
    return text.replace("\n", "\n            ")
