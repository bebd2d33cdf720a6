"""What a server must bear: many uploads at once, clients that never finish, reloads under load.

Laws:
- The load is made in this process; what hinders it hinders all servers alike.
- A request counts as failed when no client could have helped itself: one that found its kept-alive
  connection closed sends again, as browsers do.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

HOST = b"Host: h0.example.test\r\n"


def uploads(port: int, count: int, size: int) -> None:
    """`count` uploads of `size` octets at once; every one of them is answered 200."""
    piece = memoryview(bytes(65536))
    head = b"POST /take HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        left = {}
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 60))
            connection.sendall(head)
            connection.setblocking(False)
            left[connection] = size
            selector.register(connection, selectors.EVENT_WRITE)
        answered = 0
        while answered < count:
            ready = selector.select(60)
            if not ready:
                raise RuntimeError(f"port {port}: {count - answered} uploads stand still")
            for key, _ in ready:
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                if left[connection]:
                    with contextlib.suppress(BlockingIOError):
                        left[connection] -= connection.send(piece[: left[connection]])
                    if not left[connection]:
                        selector.modify(connection, selectors.EVENT_READ)
                else:
                    answer = connection.recv(65536)
                    if not answer.startswith(b"HTTP/1.1 200"):
                        raise RuntimeError(f"port {port}: an upload got {answer[:80]!r}")
                    answered += 1
                    selector.unregister(connection)


@contextlib.contextmanager
def dawdlers(port: int, count: int, *, bodies: int = 0) -> Iterator[None]:
    """`count` clients that send octet by octet while the block lasts.

    `bodies` of them have sent a head and go on with a body, the others never finish their head.
    """
    head = b"GET / HTTP/1.1\r\n" + HOST + b"X-Long: "
    post = b"POST /take HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n"
    over = threading.Event()

    def dawdle() -> None:
        while not over.wait(0.2):
            for connection in held:
                # A server may have had enough of one; the others go on.
                with contextlib.suppress(OSError):
                    connection.send(b"x")

    held = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(count)]
    for number, connection in enumerate(held):
        connection.sendall(post if number < bodies else head)
    thread = threading.Thread(target=dawdle)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        for connection in held:
            connection.close()


def p95(port: int, count: int, patience: float) -> float:
    """Milliseconds in which 95 % of requests, each on its own connection, are answered."""
    return statistics.quantiles(_times(port, count, patience), n=20)[-1]


def p99(port: int, count: int, patience: float) -> float:
    """The same for 99 %."""
    return statistics.quantiles(_times(port, count, patience), n=100)[-1]


def _times(port: int, count: int, patience: float) -> list[float]:
    request = b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        with (
            contextlib.suppress(TimeoutError, ConnectionError),
            socket.create_connection(("127.0.0.1", port), patience) as connection,
        ):
            connection.sendall(request)
            while connection.recv(65536):
                pass
        times.append((time.perf_counter() - begin) * 1000)
        if times[-1] >= patience * 1000 and len(times) >= 3:
            break
    return times


@dataclass(slots=True)
class Crowd:
    """Clients that ask and ask on kept-alive connections, and what became of it."""

    port: int
    each: int
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self) -> None:
        """One client's requests."""
        connection: socket.socket | None = None
        for _ in range(self.each):
            fresh = connection is None
            problem, connection = self._once(connection)
            if problem == "closed before an answer" and not fresh:
                problem, connection = self._once(None)
            with self.lock:
                self.answered += 1
                if problem:
                    self.failed.append(problem)
        if connection is not None:
            connection.close()

    def _once(self, connection: socket.socket | None) -> tuple[str, socket.socket | None]:
        data = b""
        try:
            connection = connection or socket.create_connection(("127.0.0.1", self.port), 10)
            connection.sendall(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
            while b"\r\n\r\n" not in data:
                piece = connection.recv(65536)
                if not piece:
                    raise ConnectionResetError
                data += piece
            head, _, body = data.partition(b"\r\n\r\n")
            while len(body) < 1024:
                piece = connection.recv(65536)
                if not piece:
                    return "cut short", None
                body += piece
        except (ConnectionError, TimeoutError) as problem:
            if connection is not None:
                connection.close()
            return (repr(problem) if data else "closed before an answer"), None
        if not head.startswith(b"HTTP/1.1 200"):
            return repr(head[:40]), None
        if b"connection: close" in head.lower():
            connection.close()
            return "", None
        return "", connection


def reloads(port: int, pid: int, count: int) -> list[str]:
    """`count` requests of eight clients during five reloads; what failed."""
    crowd = Crowd(port, count // 8)
    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(crowd.ask) for _ in range(8)]
        for step in range(1, 6):
            while crowd.answered < count * step / 6:
                if all(client.done() for client in clients):
                    break
                time.sleep(0.01)
            os.kill(pid, signal.SIGUSR1)
        for client in clients:
            client.result()
    return crowd.failed
