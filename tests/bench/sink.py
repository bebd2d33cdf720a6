"""`python -m tests.bench.sink PORT`: an origin that reads a body to its end, then answers 200."""

from __future__ import annotations

import socket
import sys
import threading

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


def serve(connection: socket.socket) -> None:
    """Answer request after request; only Content-Length and chunked bodies of any size."""
    buffer = memoryview(bytearray(1 << 20))
    with connection, connection.makefile("rb", buffering=1 << 16) as stream:
        while head := _head(stream):
            if b"transfer-encoding: chunked" in head:
                while size := int(stream.readline().split(b";")[0], 16):
                    _skip(stream, size + 2, buffer)
                while stream.readline() != b"\r\n":
                    pass
            else:
                _, _, rest = head.partition(b"content-length:")
                _skip(stream, int(rest.split(b"\r\n")[0] or 0), buffer)
            connection.sendall(ANSWER)


def _head(stream) -> bytes:
    lines = []
    while line := stream.readline():
        if line == b"\r\n":
            return b"".join(lines)
        lines.append(line.lower())
    return b""


def _skip(stream, size: int, buffer: memoryview) -> None:
    while size:
        count = stream.readinto(buffer[: min(size, len(buffer))])
        if not count:
            return
        size -= count


def main() -> None:
    """Listen and serve until killed."""
    door = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=512)
    while True:
        connection, _ = door.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
