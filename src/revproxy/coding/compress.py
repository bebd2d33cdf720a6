"""The filters that compress: one skeleton for gzip, Brotli and Zstandard.

Laws:
- What is too short to gain, has no content, is a part, is coded already or is switched off by the
  environment passes as it is; all else that a client may get in the coding says `Vary`.
- A 304 has no content: DEFLATE takes it for too short, Brotli gives it the fields of its 200.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from revproxy.coding.accept import accepts, weight_of
from revproxy.coding.gzip import Encoder
from revproxy.coding.response import alter_etag, content_codings, set_coding
from revproxy.filters import Filter, Kind, content_type_of
from revproxy.http.message import Exchange
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Coding:
    """How a module compresses."""

    name: str
    """Its token in Accept-Encoding and Content-Encoding."""
    etag_suffix: str
    encoder: Callable[[int | None], Encoder]
    """Makes a coder for a body of so many octets, None where nobody knows."""
    alter_etag: str = "addsuffix"
    off: str = "no-gzip"
    """The variable that switches it off."""
    only_html: str = ""
    force: str = ""
    smallest: int = 68
    """Bodies known to be no longer than this pass as they are."""
    notes: Mapping[str, str] | None = None
    """The names of the notes for the log: "input", "output", "ratio"."""
    is_heavy: bool = False


class CompressFilter(Filter):
    """Compresses one response."""

    kind = Kind.CONTENT_SET

    def __init__(self, coding: Coding) -> None:
        self._coding = coding
        self._encoder: Encoder | None = None
        self._exchange: Exchange | None = None
        self._read = self._written = 0

    def start(self, exchange: Exchange, size: int | None) -> bool:
        coding = self._coding
        if not self._may(exchange, size):
            return False
        exchange.out.append("Vary", "Accept-Encoding")
        forced = coding.force and coding.force in exchange.env
        if not forced and not accepts(exchange.fields, coding.name):
            return False
        set_coding(exchange, coding.name)
        alter_etag(exchange.out, coding.etag_suffix, coding.alter_etag)
        if exchange.status == 304:
            return False
        self._encoder = coding.encoder(size)
        self.is_heavy = coding.is_heavy
        if coding.notes:
            self._exchange = exchange
        return True

    def offer(self, exchange: Exchange, size: int | None) -> float:
        if not self._may(exchange, size):
            return 0.0
        if self._coding.force in exchange.env:
            return 1.0
        return weight_of(exchange.fields, self._coding.name)

    def _may(self, exchange: Exchange, size: int | None) -> bool:
        env, coding = exchange.env, self._coding
        if (size is not None and size <= coding.smallest) or content_codings(exchange):
            return False
        if exchange.status == 204 or coding.off in env or "content-range" in exchange.out:
            return False
        if coding.only_html and env.get(coding.only_html) == "1":
            return (content_type_of(exchange) or "").startswith("text/html")
        return True

    def feed(self, data: bytes) -> bytes:
        assert self._encoder is not None
        return self._counted(data, self._encoder.feed(data))

    def flush(self) -> bytes:
        assert self._encoder is not None
        return self._counted(b"", self._encoder.flush())

    def finish(self) -> bytes:
        assert self._encoder is not None
        out = self._counted(b"", self._encoder.finish())
        if self._exchange is not None and self._coding.notes:
            self._leave_notes(self._exchange, self._coding.notes)
        return out

    def _counted(self, data: bytes, out: bytes) -> bytes:
        self._read += len(data)
        self._written += len(out)
        return out

    def _leave_notes(self, exchange: Exchange, names: Mapping[str, str]) -> None:
        read, written = self._read, self._written
        values = {
            "input": str(read) if read else "-",
            "output": str(written) if written else "-",
            "ratio": str(written * 100 // read) if read else "-",
        }
        for kind, name in names.items():
            exchange.notes[name] = values[kind]
