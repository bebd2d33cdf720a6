"""Request targets and paths (RFC 3986), normalised as Apache does it.

Laws:
- Normalise first (unreserved escapes decoded, `.` and `..` removed, slashes merged), then decode
  the rest: what a section or a mapping compares is the decoded path.
- `..` above the root is 400; an encoded slash is 404 unless AllowEncodedSlashes lets it through;
  %00 is 404; a malformed escape is 400.
- Text is Latin-1 `str`: one character an octet.
"""

from __future__ import annotations

import re
from typing import Final, Literal
from urllib.parse import quote_from_bytes

from revproxy.errors import HTTPError
from revproxy.records import dataclass

EncodedSlashes = Literal["Off", "On", "NoDecode"]

_PLAIN_PATH: Final = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[^%/]+)*/?").fullmatch
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})").search
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE_IN_ORIGIN_PATH: Final = "!$&'()*+,-./:;=@_~"
_NEEDS_NO_ESCAPE: Final = re.compile(
    f"[A-Za-z0-9{re.escape(_SAFE_IN_ORIGIN_PATH)}]*", re.ASCII
).fullmatch
_ABSOLUTE: Final = re.compile(r"([A-Za-z][-+.A-Za-z0-9]*)://([^/?#]*)([^#]*)").fullmatch
_AUTHORITY: Final = re.compile(
    r"(?:(?P<userinfo>[^@]*)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]@]*)(?::(?P<port>[0-9]*))?"
).fullmatch

DEFAULT_PORTS: Final = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "ajp": 8009,
    "fcgi": 8000,
    "h2c": 80,
    "h2": 443,
    "scgi": 4000,
    "uwsgi": 3031,
}


def normalise_path(
    path: str, *, merge_slashes: bool = True, encoded_slashes: EncodedSlashes = "Off"
) -> str:
    """The decoded path of a raw one. Raises HTTPError 400 or 404 as Apache does."""
    if path[:1] == "/" and "%" not in path and "/." not in path and "//" not in path:
        # What nearly every path is costs less than a regex (0.5 µs).
        return path
    if _PLAIN_PATH(path) and path:
        return path
    if _BAD_ESCAPE(path):
        raise HTTPError(400)
    path = _ESCAPE.sub(_decode_unreserved, path)
    path = _remove_dots(path, merge_slashes=merge_slashes)
    lowered = path.lower()
    if "%00" in lowered:
        raise HTTPError(404)
    if "%2f" in lowered:
        if encoded_slashes == "Off":
            raise HTTPError(404)
        if encoded_slashes == "NoDecode":
            return _ESCAPE.sub(_decode_but_slash, path)
        path = _ESCAPE.sub(_decode, path)
        return _remove_dots(path, merge_slashes=merge_slashes)
    return _ESCAPE.sub(_decode, path)


def _decode(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


def _decode_unreserved(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else match[0]


def _decode_but_slash(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return match[0] if char == "/" else char


def _remove_dots(path: str, *, merge_slashes: bool) -> str:
    if merge_slashes:
        path = re.sub("/{2,}", "/", path)
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == ".":
            if last:
                kept.append("")
        elif segment == "..":
            if not kept:
                raise HTTPError(400)
            kept.pop()
            if last:
                kept.append("")
        else:
            kept.append(segment)
    return "/" + "/".join(kept)


def merge_slashes(path: str) -> str:
    """Every run of slashes as one."""
    return re.sub("/{2,}", "/", path) if "//" in path else path


def prefix_length(path: str, prefix: str) -> int:
    """Octets of `path` that `prefix` covers, 0 for no match (`alias_match`)."""
    if prefix and path.startswith(prefix) and "//" not in prefix:
        # Nearly every match is as plain as this, and the loop takes 0.1 µs an octet.
        length = len(prefix)
        following = path[length : length + 1]
        if prefix[-1] != "/":
            return length if following in ("", "/") else 0
        if following != "/":
            return length
    return _length_over_slashes(path, prefix)


def _length_over_slashes(path: str, prefix: str) -> int:
    """The same where several slashes may stand for one."""
    position = 0
    index = 0
    while index < len(prefix):
        if prefix[index] == "/":
            if position >= len(path) or path[position] != "/":
                return 0
            while index < len(prefix) and prefix[index] == "/":
                index += 1
            while position < len(path) and path[position] == "/":
                position += 1
        else:
            if position >= len(path) or path[position] != prefix[index]:
                return 0
            index += 1
            position += 1
    if prefix and prefix[-1] != "/" and position < len(path) and path[position] != "/":
        return 0
    return position


def escape_path(path: str) -> str:
    """A decoded path as it is written in a request to an origin (`ap_proxy_canonenc`)."""
    if _NEEDS_NO_ESCAPE(path):
        return path
    return quote_from_bytes(path.encode("latin-1"), safe=_SAFE_IN_ORIGIN_PATH)


@dataclass(frozen=True, slots=True)
class Url:
    """An absolute URL; `path` holds the query too. `port` is None where none is written."""

    scheme: str
    host: str
    port: int | None
    path: str
    userinfo: str | None = None

    @property
    def effective_port(self) -> int:
        """The port written, or the scheme's."""
        return self.port or DEFAULT_PORTS.get(self.scheme, 0)

    @property
    def authority(self) -> str:
        """host[:port] as a Host field names it: a default port is left out."""
        if self.port is None or self.port == DEFAULT_PORTS.get(self.scheme):
            return self.host
        return f"{self.host}:{self.port}"


def parse_url(text: str) -> Url:
    """An absolute URL with an authority. Raises ValueError with the reason."""
    match = _ABSOLUTE(text)
    if match is None:
        raise ValueError("not an absolute URL")
    authority = _AUTHORITY(match[2])
    if authority is None:
        raise ValueError("malformed host or port")
    port = authority["port"]
    if port and not 0 < int(port) < 65536:
        raise ValueError("port out of range")
    return Url(
        scheme=match[1].lower(),
        host=authority["host"].lower(),
        port=int(port) if port else None,
        path=match[3],
        userinfo=authority["userinfo"],
    )


def split_host(field: str) -> tuple[str, int | None]:
    """Host's name in lower case without one trailing dot, and its port."""
    authority = _AUTHORITY(field)
    if authority is None:
        return field.lower(), None
    name = authority["host"].lower()
    port = authority["port"]
    return name.removesuffix(".") or name, int(port) if port else None
