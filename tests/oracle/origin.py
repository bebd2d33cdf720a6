"""The scripted origin: plays the replies of the current case and keeps what it was sent.

Laws:
- One conversation at a time: a request takes the next reply of the script, whichever connection
  it comes on; with the script at its end the answer is `DEFAULT`.
- What is kept are the very octets of the head, and the body without its framing.
- A case begins when what the one before left to be done is done: a connection that is to be closed
  is closed then, and nobody takes it for a live one.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.oracle.cases import Reply
from tests.oracle.certificates import server_context
from tests.oracle.text import wire

PATIENCE = 2.0
DEFAULT = Reply("HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 2\n\nok")


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived: on which door, on which connection of this case."""

    door: str
    connection: int
    head: bytes
    body: bytes


TLS_DOORS = {
    "TLS": {"name": "origin"},
    "TLSCOMMON": {"name": "common"},
    "TLSADDRESS": {"name": "address"},
    "TLSWRONG": {"name": "wrong"},
    "TLSEXPIRED": {"name": "expired"},
    "TLSDEEP": {"name": "deep"},
    "TLSSELF": {"name": "self"},
    "TLSOLD": {"name": "origin", "old": True},
    "TLSCLIENT": {"name": "origin", "client": True, "old": True},
}
"""The doors that speak TLS, by the name of their place: the certificate, and what is odd."""


class Origin:
    """Three doors (two TCP ports, a unix socket) and one script; for TLS some more.

    `text` is the configuration: the doors for TLS that it does not name stay shut.
    """

    def __init__(self, directory: Path, text: str = "") -> None:
        self._places: Mapping[str, str] = {}
        self._script: deque[Reply] = deque()
        self._seen: list[Seen] = []
        self._connections: dict[socket.socket, int] = {}
        """Those that are open, with their number in the present case; 0 before they are used."""
        self._used = 0
        """How many the present case has used, closed ones too."""
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._busy = 0
        """Exchanges that are not over; those that wait for their peer to close are."""
        self._doors: list[socket.socket] = []
        self.ports = [self._tcp("origin"), self._tcp("origin2")]
        self.unix = str(directory / "origin.sock")
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        door.bind(self.unix)
        Path(self.unix).chmod(0o666)
        self._listen(door, "unix")
        self._sni: dict[socket.socket, str | None] = {}
        self.places = {
            place: f"localhost:{self._tcp(place.lower(), self._context(**how))}"
            for place, how in TLS_DOORS.items()
            if f"@{place}@" in text
        }
        """Where the doors for TLS are."""

    def _context(self, **how) -> ssl.SSLContext:
        context = server_context(**how)

        def note(sock, name: str | None, _context: ssl.SSLContext) -> None:
            self._sni[sock] = name

        context.sni_callback = note
        return context

    def play(self, replies: Sequence[Reply], places: Mapping[str, str]) -> None:
        """The script of the next case."""
        with self._lock:
            self._idle.wait_for(lambda: not self._busy, PATIENCE)
            self._script = deque(replies)
            self._places = places
            self._seen = []
            self._used = 0
            for connection in self._connections:
                self._connections[connection] = 0

    def seen(self) -> list[Seen]:
        """What arrived since `play`."""
        with self._lock:
            return list(self._seen)

    def close(self) -> None:
        """Close the doors and every connection."""
        for door in self._doors:
            door.close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _tcp(self, name: str, context: ssl.SSLContext | None = None) -> int:
        door = socket.create_server(("127.0.0.1", 0), backlog=128)
        port: int = door.getsockname()[1]
        self._listen(door, name, context)
        return port

    def _listen(
        self, door: socket.socket, name: str, context: ssl.SSLContext | None = None
    ) -> None:
        door.listen(128)
        self._doors.append(door)
        threading.Thread(target=self._accept, args=(door, name, context), daemon=True).start()

    def _accept(self, door: socket.socket, name: str, context: ssl.SSLContext | None) -> None:
        while True:
            try:
                connection, _ = door.accept()
            except OSError:
                return
            with self._lock:
                if self._script and self._script[0].accept:
                    self._script.popleft()
                    connection.close()
                    continue
                self._connections[connection] = 0
            threading.Thread(
                target=self._secure, args=(connection, name, context), daemon=True
            ).start()

    def _secure(self, plain: socket.socket, door: str, context: ssl.SSLContext | None) -> None:
        connection = plain
        if context is not None:
            plain.settimeout(PATIENCE)
            try:
                connection = context.wrap_socket(plain, server_side=True)
            except OSError:
                connection = None
            with self._lock:
                self._connections.pop(plain, None)
                if connection is not None:
                    self._connections[connection] = 0
            if connection is None:
                plain.close()
                return
            connection.settimeout(None)
            door = f"{door}, sni {self._sni.get(connection)}"
            subject = (connection.getpeercert() or {}).get("subject", ())
            names = [value for entry in subject for key, value in entry if key == "commonName"]
            door += f", client {names[0]}" if names else ""
        self._serve(connection, door)

    def _serve(self, connection: socket.socket, door: str) -> None:
        with (
            connection,
            contextlib.suppress(OSError, EOFError, ValueError),
            connection.makefile("rb") as stream,
        ):
            while self._exchange(connection, stream, door):
                pass
        with self._lock:
            self._connections.pop(connection, None)

    def _exchange(self, connection: socket.socket, stream, door: str) -> bool:
        head = _read_head(stream)
        with self._lock:
            reply = self._script.popleft() if self._script else DEFAULT
            places = self._places
            if not self._connections[connection]:
                self._used += 1
                self._connections[connection] = self._used
            number = self._connections[connection]
            # The body is not read yet: the entry is replaced when it is there.
            index = len(self._seen)
            self._seen.append(Seen(door, number, head, b""))
            seen = self._seen
            self._busy += 1
        try:
            then = self._reply(connection, stream, reply, places, seen, index)
        finally:
            with self._lock:
                self._busy -= 1
                self._idle.notify_all()
        return _go_on(connection, stream, then)

    def _reply(self, connection, stream, reply, places, seen, index) -> str:
        """Play one reply up to its end; how the connection goes on from there."""
        if reply.early:
            connection.sendall(wire(reply.early, places))
        if reply.body:
            body = _read_body(stream, seen[index].head)
            with self._lock:
                seen[index] = replace(seen[index], body=body)
        data = wire(reply.send, places)
        connection.sendall(data)
        then = reply.then or _default_end(data)
        if then == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            stream.close()
            connection.close()
        elif then == "close":
            connection.shutdown(socket.SHUT_WR)
        return then


def _go_on(connection: socket.socket, stream, then: str) -> bool:
    if then == "hold":
        while connection.recv(65536):
            pass
    elif then == "echo":
        while data := stream.read1(65536):
            connection.sendall(data)
    return then == "keep"


def _default_end(data: bytes) -> str:
    head = data.split(b"\r\n\r\n", 1)[0].lower()
    framed = b"\r\ncontent-length:" in head or b"\r\ntransfer-encoding:" in head
    bodiless = head[9:12] in (b"204", b"304")
    return "keep" if framed or bodiless else "close"


def _read_head(stream) -> bytes:
    lines = []
    while True:
        line = stream.readline()
        if not line:
            raise EOFError
        lines.append(line)
        if line in (b"\r\n", b"\n"):
            return b"".join(lines)


def _read_body(stream, head: bytes) -> bytes:
    fields = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        fields[name.lower()] = value.strip()
    if fields.get(b"transfer-encoding", b"").lower() == b"chunked":
        return _read_chunks(stream)
    wanted = int(fields.get(b"content-length", b"0"))
    data = stream.read(wanted)
    return data if len(data) == wanted else data + b"<cut short>"


def _read_chunks(stream) -> bytes:
    body = b""
    while True:
        line = stream.readline()
        if not line:
            return body + b"<cut short>"
        size = int(line.split(b";")[0], 16)
        if not size:
            break
        body += stream.read(size)
        stream.readline()
    trailers = b""
    while (line := stream.readline()) not in (b"\r\n", b""):
        trailers += line
    return body + (b"<trailers>" + trailers if trailers else b"")
