"""The known vulnerabilities of Apache 2.4 whose trigger a configuration shows.

The releases are those of https://httpd.apache.org/security/vulnerabilities_24.html, as of 2.4.71:
`since` is the first affected one, `fixed` the first that is not. What is told of every server, or
of none that a file could show, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from revproxy.lint.origins import targets
from revproxy.lint.rewriting import rewrites
from revproxy.lint.rule import Line, Subject
from revproxy.lint.rules.rp104_capture_reinserted_unescaped import is_unescaped
from revproxy.lint.rules.rp106_substitution_starts_with_capture import starts_with_capture
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Hole:
    """A known vulnerability: the releases that have it, and the lines that open it."""

    cve: str
    fixed: tuple[int, ...]
    what: str
    triggers: Callable[[Subject], Iterator[Line]]
    since: tuple[int, ...] = (2, 4, 0)


def _origins(subject: Subject) -> Iterator[Line]:
    for server in subject.servers:
        yield from (target.line for target in targets(server))


def _schemes(*schemes: str) -> Callable[[Subject], Iterator[Line]]:
    def triggers(subject: Subject) -> Iterator[Line]:
        for server in subject.servers:
            for target in targets(server):
                if target.origin.scheme in schemes:
                    yield target.line

    return triggers


def _handlers(subject: Subject) -> Iterator[Line]:
    for line in subject.lines("sethandler"):
        if line.values[:1] and line.values[0].lower().startswith("proxy:"):
            yield line


def _queries(subject: Subject) -> Iterator[Line]:
    for server in subject.servers:
        for rewrite in rewrites(server):
            if rewrite.is_proxy and is_unescaped(rewrite):
                yield rewrite.line


def _substitutions(subject: Subject) -> Iterator[Line]:
    for server in subject.servers:
        yield from (item.line for item in rewrites(server) if starts_with_capture(item))


def _http2(subject: Subject) -> Iterator[Line]:
    for line in subject.lines("protocols"):
        if any(word.lower() in ("h2", "h2c") for word in line.values):
            yield line


def _with_http2(other: Callable[[Subject], Iterator[Line]]) -> Callable[[Subject], Iterator[Line]]:
    def triggers(subject: Subject) -> Iterator[Line]:
        if any(_http2(subject)):
            yield from other(subject)

    return triggers


def _named(*keys: str, word: str = "") -> Callable[[Subject], Iterator[Line]]:
    """Directives of these names, with this word (in lower case) among their arguments."""

    def triggers(subject: Subject) -> Iterator[Line]:
        for line in subject.lines(*keys):
            if not word or word in (value.lower() for value in line.values):
                yield line

    return triggers


def _spoofed_address(subject: Subject) -> Iterator[Line]:
    if any(item.is_proxy for server in subject.servers for item in rewrites(server)):
        yield from subject.lines("remoteipheader")


def _http2_origins_with_host(subject: Subject) -> Iterator[Line]:
    for server in subject.servers:
        if server.is_on("proxypreservehost"):
            for target in targets(server):
                if target.origin.scheme in ("h2", "h2c"):
                    yield target.line


def _type_from_request(subject: Subject) -> Iterator[Line]:
    for line in subject.lines("header", "requestheader"):
        words = [word.lower() for word in line.values]
        if "content-type" in words[:3] and any("%{" in word or "expr=" in word for word in words):
            yield line


def _handlers_by_type(subject: Subject) -> Iterator[Line]:
    for line in subject.lines("addtype"):
        if line.values[:1] and line.values[0].lower().startswith("application/x-httpd-"):
            yield line


def _client_authorities(subject: Subject) -> Iterator[Line]:
    """Virtual hosts that trust different clients, where a session of one opens the other."""
    keys = ("sslcacertificatefile", "sslcacertificatepath")
    lines = [line for host in subject.hosts for line in host.named(*keys) if not line.sections]
    strict = any(_named("sslstrictsnivhostcheck", word="on")(subject))
    if len({line.values for line in lines}) > 1 and not strict:
        yield lines[-1]


def _long_host_fields(subject: Subject) -> Iterator[Line]:
    raised = [
        line
        for line in subject.lines("limitrequestfieldsize")
        if line.values[:1] and line.values[0].isdigit() and int(line.values[0]) > 8190
    ]
    for line in subject.lines("virtualdocumentroot", "virtualscriptalias") if raised else ():
        if line.values[:1] and "%" in line.values[0]:
            yield line


def _open_root(subject: Subject) -> Iterator[Line]:
    for line in subject.lines("require"):
        section = line.section
        is_root = section is not None and section.key == "directory" and section.values == ("/",)
        if is_root and [word.lower() for word in line.values] == ["all", "granted"]:
            yield line


def _pages_read(subject: Subject) -> Iterator[Line]:
    yield from _named("proxyhtmlenable", word="on")(subject)
    yield from _named("xml2encdefault", "xml2startparse")(subject)
    yield from _named("setoutputfilter", "addoutputfilter", word="xml2enc")(subject)


def _any(*others: Callable[[Subject], Iterator[Line]]) -> Callable[[Subject], Iterator[Line]]:
    """What any of these finds."""

    def triggers(subject: Subject) -> Iterator[Line]:
        for other in others:
            yield from other(subject)

    return triggers


def _let(*classes: str) -> Callable[[Subject], Iterator[Line]]:
    """Directories whose access files may have directives of these classes."""

    def triggers(subject: Subject) -> Iterator[Line]:
        for line in subject.lines("allowoverride"):
            if any(word.lower() in ("all", *classes) for word in line.values):
                yield line

    return triggers


def _user_directories(subject: Subject) -> Iterator[Line]:
    for line in subject.lines("userdir"):
        if any(word.startswith("/") and "*" not in word for word in line.values):
            yield line


def _looks_ahead_to_fields(subject: Subject) -> Iterator[Line]:
    for line in subject.lines("rewritecond", "rewriterule"):
        if any("%{la-u:http:" in word.lower() for word in line.values):
            yield line


def _cached_logins(subject: Subject) -> Iterator[Line]:
    if any(_named("proxyrequests", word="on")(subject)):
        yield from subject.lines("authncacheprovidefor")


_STAPLES: Final = _any(
    _named("sslocspenable", word="on"),
    _named("sslocspenable", word="leaf"),
    _named("sslusestapling", word="on"),
)
_COUNTS_NONCES: Final = _named("authdigestnccheck", word="on")
_ONE_TIME_NONCES: Final = _named("authdigestnoncelifetime", word="0")


def _hole(
    cve: str, since: int, fixed: int, what: str, triggers: Callable[[Subject], Iterator[Line]]
) -> Hole:
    return Hole(cve, (2, 4, fixed), what, triggers, (2, 4, since))


HOLES: Final = (
    _hole("CVE-2014-0117", 6, 10, "a Connection field stops child processes", _origins),
    _hole("CVE-2015-3183", 0, 16, "chunks split requests on their way", _origins),
    _hole("CVE-2016-8743", 0, 25, "odd blanks split requests on their way", _origins),
    _hole("CVE-2020-11985", 0, 25, "clients choose the address that is logged", _spoofed_address),
    _hole(
        "CVE-2019-10097",
        33,
        41,
        "the PROXY protocol overflows a buffer",
        _named("remoteipproxyprotocol", word="on"),
    ),
    _hole(
        "CVE-2020-11984",
        32,
        44,
        "a long header overflows a buffer of mod_proxy_uwsgi",
        _schemes("uwsgi"),
    ),
    _hole(
        "CVE-2019-17567",
        6,
        48,
        "requests pass behind one that asks for an upgrade",
        _schemes("ws", "wss"),
    ),
    _hole(
        "CVE-2020-13950",
        41,
        48,
        "a request with two lengths stops child processes",
        _schemes("http", "https"),
    ),
    _hole(
        "CVE-2021-30641",
        39,
        48,
        "paths with many slashes get round sections",
        _named("mergeslashes", word="off"),
    ),
    _hole("CVE-2021-33193", 17, 49, "HTTP/2 splits requests", _with_http2(_origins)),
    _hole("CVE-2021-36160", 30, 49, "a path is read beyond its end", _schemes("uwsgi")),
    _hole("CVE-2021-40438", 0, 49, "clients choose the origin by unix:", _origins),
    _hole("CVE-2021-41773", 49, 50, "any file can be read", _open_root),
    _hole("CVE-2021-42013", 49, 51, "any file can be read", _open_root),
    _hole(
        "CVE-2021-44224", 7, 52, "clients reach local sockets", _named("proxyrequests", word="on")
    ),
    _hole("CVE-2022-22720", 0, 53, "what is left of a bad request counts as the next", _origins),
    _hole(
        "CVE-2022-23943", 0, 53, "mod_sed writes beyond its buffer", _named("inputsed", "outputsed")
    ),
    _hole("CVE-2022-26377", 0, 54, "requests are split on their way", _schemes("ajp")),
    _hole("CVE-2022-30522", 53, 54, "mod_sed takes all memory", _named("inputsed", "outputsed")),
    _hole("CVE-2022-31813", 0, 54, "clients take X-Forwarded-* away", _origins),
    _hole("CVE-2022-36760", 0, 55, "requests are split on their way", _schemes("ajp")),
    _hole("CVE-2022-37436", 0, 55, "an origin cuts the head of its answer", _origins),
    _hole("CVE-2023-25690", 0, 56, "requests are split on their way", _queries),
    _hole("CVE-2023-27522", 30, 56, "an origin splits its answer", _schemes("uwsgi")),
    _hole("CVE-2023-38709", 0, 59, "an origin splits its answer", _origins),
    _hole(
        "CVE-2024-36387",
        55,
        60,
        "an upgrade over HTTP/2 stops child processes",
        _with_http2(_schemes("ws", "wss")),
    ),
    _hole("CVE-2024-38473", 0, 60, "odd escapes get round access rules", _handlers),
    _hole("CVE-2024-38475", 0, 60, "clients read files by their paths", _substitutions),
    _hole("CVE-2024-38476", 0, 60, "an origin's answer chooses a handler here", _origins),
    _hole("CVE-2024-38477", 0, 60, "a request stops child processes", _origins),
    _hole("CVE-2024-39573", 0, 60, "clients choose an origin by their paths", _substitutions),
    _hole("CVE-2024-39884", 60, 61, "sources of scripts are sent", _handlers_by_type),
    _hole("CVE-2024-40725", 60, 62, "sources of scripts are sent", _handlers_by_type),
    _hole("CVE-2024-42516", 0, 64, "an origin splits its answer", _origins),
    _hole("CVE-2024-43204", 0, 64, "a media type chooses the origin", _type_from_request),
    _hole(
        "CVE-2025-23048", 35, 64, "a client of one host gets into another's", _client_authorities
    ),
    _hole("CVE-2025-49630", 26, 64, "a request stops child processes", _http2_origins_with_host),
    _hole(
        "CVE-2025-49812",
        0,
        64,
        "who stands between takes over the session",
        _named("sslengine", word="optional"),
    ),
    _hole(
        "CVE-2025-54090", 64, 65, "the condition always holds", _named("rewritecond", word="expr")
    ),
    _hole(
        "CVE-2025-55753",
        30,
        66,
        "a renewal that fails is tried again without a pause",
        _named("mdomain", "<mdomainset"),
    ),
    _hole("CVE-2026-23918", 66, 67, "an early reset frees memory twice", _http2),
    _hole(
        "CVE-2026-24072",
        0,
        67,
        "who writes access files reads the server's files",
        _let("fileinfo"),
    ),
    _hole("CVE-2026-28780", 0, 67, "an answer overflows a buffer", _schemes("ajp")),
    _hole(
        "CVE-2026-29168",
        30,
        67,
        "an answer about a certificate takes all memory",
        _named("mdstapling", word="on"),
    ),
    _hole(
        "CVE-2026-33006",
        0,
        67,
        "passwords can be found by measuring time",
        _named("authtype", word="digest"),
    ),
    _hole("CVE-2026-33007", 0, 67, "a request stops child processes", _cached_logins),
    _hole("CVE-2026-33523", 0, 67, "an origin splits its answer", _origins),
    _hole("CVE-2026-33857", 0, 67, "an answer is read beyond its end", _schemes("ajp")),
    _hole("CVE-2026-34032", 0, 67, "an answer is read beyond its end", _schemes("ajp")),
    _hole("CVE-2026-34059", 0, 67, "an answer is read beyond its end", _schemes("ajp")),
    _hole(
        "CVE-2026-29170",
        0,
        68,
        "a listing brings a script to the client",
        _schemes("ftp"),
    ),
    _hole(
        "CVE-2026-34355",
        0,
        68,
        "a page overflows a buffer of mod_proxy_html",
        _named("proxyhtmlenable", word="on"),
    ),
    _hole(
        "CVE-2026-34356",
        0,
        68,
        "an origin's cookie overflows a buffer",
        _named("proxypassreversecookiepath", "proxypassreversecookiedomain"),
    ),
    _hole("CVE-2026-42536", 0, 68, "a page overflows a buffer of mod_xml2enc", _pages_read),
    _hole(
        "CVE-2026-44119",
        0,
        68,
        "who writes access files reads the server's files",
        _let("fileinfo"),
    ),
    _hole(
        "CVE-2026-44185", 0, 68, "an answer about a certificate is read beyond its end", _STAPLES
    ),
    _hole("CVE-2026-44186", 0, 68, "an origin keeps a child process busy", _schemes("ftp")),
    _hole("CVE-2026-48913", 55, 68, "memory is used after it is freed", _http2),
    _hole("CVE-2026-49975", 17, 68, "a request takes all memory", _http2),
    _hole(
        "CVE-2026-46729",
        0,
        69,
        "a message stops child processes",
        _named("heartbeatlisten"),
    ),
    _hole(
        "CVE-2026-47360",
        0,
        69,
        "an origin gets the session's cookie",
        _named("sessioncookieremove", word="on"),
    ),
    _hole("CVE-2026-48005", 0, 69, "anybody can make clients log in again", _COUNTS_NONCES),
    _hole("CVE-2026-56154", 0, 69, "memory is used after it is freed", _looks_ahead_to_fields),
    _hole(
        "CVE-2026-56449",
        0,
        69,
        "a page stops child processes",
        _named("proxyhtmlenable", word="on"),
    ),
    _hole(
        "CVE-2026-59797",
        0,
        69,
        "who writes access files reads the server's files",
        _let("authconfig"),
    ),
    _hole("CVE-2026-63686", 0, 69, "a page in an odd charset stops child processes", _pages_read),
    _hole(
        "CVE-2026-56153",
        0,
        69,
        "a page overflows a buffer of mod_charset_lite",
        _named("charsetsourceenc"),
    ),
    _hole("CVE-2026-57941", 0, 69, "memory is used after it is freed", _http2),
    _hole("CVE-2026-63292", 0, 69, "a long Host field overflows a buffer", _long_host_fields),
    _hole("CVE-2026-63718", 30, 69, "an origin splits its answer", _schemes("uwsgi")),
    _hole("CVE-2026-73636", 0, 69, "a login can be sent a second time", _ONE_TIME_NONCES),
    _hole(
        "CVE-2026-73637",
        0,
        69,
        "memory is used after it is freed",
        _any(_ONE_TIME_NONCES, _COUNTS_NONCES),
    ),
    _hole("CVE-2026-79768", 0, 69, "files beside those of users are sent", _user_directories),
)
"""By the release that mends them."""
