"""The client: sends octets as they are and takes apart what comes back, leniently.

Laws:
- Nothing is repaired: a response that no client could understand is kept as raw text.
- Whether a connection is kept is seen, not believed: after the last response the end is awaited
  where it was announced, and looked for where it was not.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from dataclasses import dataclass, field

from tests.oracle.digest import answered

PATIENCE = 8.0


@dataclass(slots=True)
class Response:
    """One response, de-framed."""

    status: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    interim: list[str] = field(default_factory=list)
    body: bytes = b""
    framing: str = "none"
    complete: bool = True
    trailers: str = ""


@dataclass(slots=True)
class Talk:
    """A whole conversation: the responses, what came behind them, how it ended."""

    responses: list[Response] = field(default_factory=list)
    extra: bytes = b""
    tunnel: bytes = b""
    kept: bool = False


class Client:
    """One connection to a server under test."""

    def __init__(
        self, port: int, context: ssl.SSLContext | None = None, name: str | None = None
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        if context is not None:
            try:
                self._socket = context.wrap_socket(self._socket, server_hostname=name)
            except OSError:
                self._socket.close()
                raise
        self._buffer = b""
        self._ended = False

    def converse(
        self, requests: list[bytes], responses: int, tunnel: bytes, *, shutdown: bool
    ) -> Talk:
        """Send each request when the response to the one before is whole."""
        talk = Talk()
        with self._socket:
            for number, request in enumerate(requests):
                last = number == len(requests) - 1
                request = answered(request, [item.headers for item in talk.responses])
                self._send(request, shutdown=shutdown and last)
                for method in _methods(request, responses if last else 1):
                    response = self._response(method)
                    if response is None:
                        break
                    talk.responses.append(response)
            self._finish(talk, tunnel, shutdown=shutdown)
        return talk

    def _send(self, request: bytes, *, shutdown: bool) -> None:
        # A server that refuses early may have closed already; its answer is what counts.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self._socket.sendall(request)
            if shutdown:
                self._socket.shutdown(socket.SHUT_WR)

    def _finish(self, talk: Talk, tunnel: bytes, *, shutdown: bool) -> None:
        if tunnel:
            self._send(tunnel, shutdown=False)
            while len(self._buffer) < len(tunnel) and self._fill():
                pass
            talk.tunnel, self._buffer = self._buffer, b""
            return
        if not self._ended:
            announced = shutdown or not talk.responses or _closes(talk.responses[-1])
            patience = PATIENCE if announced else 0.01
            # Not select(): it knows no descriptor beyond 1023, and a long run of tests has more.
            waiting = select.poll()
            waiting.register(self._socket, select.POLLIN)
            # Over TLS, what can be read need be nothing that is for us.
            self._socket.settimeout(patience)
            with contextlib.suppress(TimeoutError):
                while waiting.poll(1000 * patience) and self._fill():
                    pass
        talk.extra = self._buffer
        talk.kept = not self._ended

    def _fill(self) -> bool:
        if self._ended:
            return False
        try:
            data = self._socket.recv(262144)
        except (ConnectionResetError, ssl.SSLError):
            data = b""
        self._ended = not data
        self._buffer += data
        return bool(data)

    def _line(self) -> bytes | None:
        while b"\n" not in self._buffer:
            if not self._fill():
                return None
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.removesuffix(b"\r")

    def _response(self, method: str) -> Response | None:
        interim: list[str] = []
        while True:
            response = self._head()
            if response is None:
                return None
            code = response.status[9:12]
            if not code.startswith("1") or code == "101":
                break
            lines = [response.status, *(": ".join(item) for item in response.headers)]
            interim.append("\n".join(lines))
        response.interim = interim
        if response.framing != "0.9":
            self._body(response, method)
        return response

    def _head(self) -> Response | None:
        while len(self._buffer) < 5 and self._fill():
            pass
        if not self._buffer:
            return None
        if not self._buffer.startswith(b"HTTP/"):
            while self._fill():
                pass
            body, self._buffer = self._buffer, b""
            return Response("", body=body, framing="0.9")
        line = self._line()
        response = Response((line or b"<cut short>").decode("latin-1"))
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            response.headers.append((name, value.removeprefix(" ")))
        return response

    def _body(self, response: Response, method: str) -> None:
        fields = {name.lower(): value for name, value in response.headers}
        code = response.status[9:12]
        if method == "HEAD" or code in ("101", "204", "304"):
            return
        if fields.get("transfer-encoding", "").lower() == "chunked":
            response.framing = "chunked"
            self._chunks(response)
        elif "content-length" in fields:
            response.framing = "length"
            wanted = int(fields["content-length"])
            response.body = self._take(wanted)
            response.complete = len(response.body) == wanted
        else:
            response.framing = "close"
            while self._fill():
                pass
            response.body, self._buffer = self._buffer, b""

    def _take(self, wanted: int) -> bytes:
        while len(self._buffer) < wanted and self._fill():
            pass
        data, self._buffer = self._buffer[:wanted], self._buffer[wanted:]
        return data

    def _chunks(self, response: Response) -> None:
        while True:
            line = self._line()
            if line is None:
                response.complete = False
                return
            size = int(line.split(b";")[0], 16)
            if not size:
                break
            data = self._take(size)
            response.body += data
            if len(data) < size or self._line() is None:
                response.complete = False
                return
        while line := self._line():
            response.trailers += line.decode("latin-1") + "\n"
        response.complete = line is not None


def _methods(request: bytes, count: int) -> list[str]:
    """The method of each response to come; pipelined requests are told apart by their heads."""
    found = [
        line.split(b" ")[0].decode("latin-1")
        for line in request.split(b"\r\n")
        if line.endswith((b" HTTP/1.1", b" HTTP/1.0"))
    ]
    return (found + ["GET"] * count)[:count]


def _closes(response: Response) -> bool:
    tokens = ",".join(v for n, v in response.headers if n.lower() == "connection").lower()
    return "close" in tokens or response.framing in ("close", "0.9") or not response.complete
