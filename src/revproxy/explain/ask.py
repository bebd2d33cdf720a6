"""A request that is made up, through the server that would serve it, to an origin that is played.

Laws:
- Everything between the client's octets and the origin's is the running server's own: what is
  explained and what is served cannot differ.
- No name is looked up, no connection is made, no log is written.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

from revproxy import logs, sockets
from revproxy.config.tree import Configuration
from revproxy.errors import Location, OriginError
from revproxy.explain.content import content_of
from revproxy.explain.stage import Stage
from revproxy.explain.story import Message, Step, Story
from revproxy.explain.tls import PlayedTls
from revproxy.http.message import Exchange
from revproxy.http.uri import Url, parse_url
from revproxy.lane import install
from revproxy.plan.load import Loaded
from revproxy.plan.plan import Plan, VirtualHost
from revproxy.records import dataclass
from revproxy.server.connection import ClientConnection
from revproxy.server.watchdog import Watchdog
from revproxy.upstream.worker import Worker, use_dialer

PLAYED = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"
"""What an origin answers where nobody says."""

T = TypeVar("T")
_PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client is taken to ask."""

    url: str
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    client: str = "192.0.2.1"
    body: bytes = b""
    response: bytes | None = PLAYED
    """What the origin is taken to answer, octets as on the wire; None: it cannot be reached."""


class BadRequestError(ValueError):
    """What is to be asked cannot be."""


def request_url(text: str) -> Url:
    """The URL that is asked for. Raises BadRequestError."""
    try:
        url = parse_url(text)
    except ValueError as error:
        raise BadRequestError(f"{text}: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise BadRequestError(f"{text} is no http:// or https:// URL")
    return url


def explain(loaded: Loaded, asked: Asked) -> Story:
    """The story of one request. Raises ConfigError, BadRequestError."""
    return Explainer(loaded).ask(asked)


class Explainer:
    """One configuration that is asked many things; each request finds it as the first one does."""

    def __init__(self, loaded: Loaded) -> None:
        """Raises ConfigError."""
        self._loaded = loaded
        self._lines = _by_text(loaded.configuration)
        self._counts = any(item.key == "requestrate" for item in loaded.configuration.walk())
        """Requests are counted, over all of a plan's time."""
        self._plan: Plan | None = None
        self.plan()

    def plan(self) -> Plan:
        """The plan that the next request will meet."""
        if self._plan is None:
            self._plan = self._quietly(lambda: self._loaded.plan(offline=True))
        return self._plan

    def ask(self, asked: Asked) -> Story:
        """The story of a request. Raises BadRequestError."""
        play = _Play(self.plan(), self._lines, asked)
        story = self._quietly(play.run)
        if not asked.response or self._counts:
            # Workers remember who could not be reached.
            self._plan = None
        return story

    def _quietly(self, act: Callable[[], T]) -> T:
        """Act where no log is written."""
        former = logs.swap(logs.Logs())
        try:
            return act()
        finally:
            logs.swap(former)


class _Explained(ClientConnection):
    """A connection that keeps the exchange it served."""

    __slots__ = ("served",)

    def _finish(self, exchange: Exchange) -> None:
        self.served = exchange
        self._exchange = None
        if not isinstance(exchange.body, bytes):
            exchange.body.close()


class _Play:
    """One request, with everybody who takes part."""

    def __init__(self, plan: Plan, lines: Mapping[str, tuple[Location, ...]], asked: Asked) -> None:
        self._plan = plan
        self._asked = asked
        self._lines = lines
        self._stage = Stage()
        self._answer = b""
        self._sent = b""
        self._steps: list[Step] = []
        url = request_url(asked.url)
        self._is_tls = url.scheme == "https"
        self._host = url.host or ""
        self._port = url.effective_port
        fields = [("Host", url.authority), *asked.fields]
        named = {name.lower() for name, _ in asked.fields}
        if "host" in named:
            fields = list(asked.fields)
        self._body = asked.body
        if "transfer-encoding" in named:
            whole = b"%x\r\n%b\r\n" % (len(asked.body), asked.body) if asked.body else b""
            self._body = whole + b"0\r\n\r\n"
        elif asked.body and "content-length" not in named:
            fields.append(("Content-Length", str(len(asked.body))))
        target = url.path if url.path.startswith("/") else f"/{url.path}"
        self._request = Message(f"{asked.method} {target} HTTP/1.1", tuple(fields), len(asked.body))

    def run(self) -> Story:
        use_dialer(self._dial)
        install(self._stage)
        try:
            connection, theirs = self._connect()
            self._stage.play(self._ask(theirs))
            self._plan.close()
            return self._story(connection)
        finally:
            self._stage.close()
            install(None)
            use_dialer(None)

    async def _ask(self, sock: socket.socket) -> None:
        try:
            # Who refuses a request need not read it to its end, and has answered all the same.
            with contextlib.suppress(OSError):
                await sockets.send_all(sock, self._octets())
                sockets.end_sending(sock)
            while piece := await sockets.recv(sock, _PIECE):
                self._answer += piece
        except OSError:
            return
        finally:
            sockets.close(sock)

    def _connect(self) -> tuple[_Explained, socket.socket]:
        ours, theirs = _pair()
        address = self._local_address()
        names = self._plan.names_at(*address)
        peer = (self._asked.client, 50000)
        watchdog = Watchdog()
        connection = _Explained(ours, peer, address, names, watchdog, self._stage)
        connection.is_tls = self._is_tls
        if self._is_tls:
            connection.tls = PlayedTls(names, self._host)
        connection.trace = self._tell
        watchdog.watched.add(connection)
        connection.task = self._stage.start(connection.serve())
        return connection, theirs

    def _local_address(self) -> tuple[str, int]:
        """Where the request comes in: a listener of the URL's port, else any address."""
        for listener in self._plan.listeners:
            if listener.port == self._port and listener.host:
                return listener.host, self._port
        return "127.0.0.1", self._port

    def _octets(self) -> bytes:
        lines = [self._request.first, *(f"{name}: {value}" for name, value in self._request.fields)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + self._body

    # The origin.

    async def _dial(self, worker: Worker) -> socket.socket:
        if self._asked.response is None:
            raise OriginError(503, f"{worker.name} is taken to be out of reach")
        ours, theirs = _pair()
        self._stage.start(self._play_origin(theirs, self._asked.response))
        return ours

    async def _play_origin(self, sock: socket.socket, response: bytes) -> None:
        self._sent = b""
        try:
            while b"\r\n\r\n" not in self._sent:
                piece = await sockets.recv(sock, _PIECE)
                if not piece:
                    return
                self._sent += piece
            await sockets.send_all(sock, response)
            if not _is_framed(response):
                sockets.end_sending(sock)
            while piece := await sockets.recv(sock, _PIECE):
                self._sent += piece
        except OSError:
            # Who asked is gone.
            return
        finally:
            sockets.close(sock)

    # The story.

    def _tell(
        self, module: str, text: str, location: Location | None = None, *, acted: bool = True
    ) -> None:
        places = (location,) if location is not None else self._places(text)
        self._steps.append(Step(module, text, places, acted))

    def _places(self, text: str) -> tuple[Location, ...]:
        """Where the directive stands that a text begins with."""
        head, colon, _ = text.rpartition(": ")
        while colon:
            found = self._lines.get(_folded(head))
            if found is not None:
                return found
            head, colon, _ = head.rpartition(": ")
        return ()

    def _story(self, connection: _Explained) -> Story:
        story = Story(self._request, self._asked.client, steps=self._steps)
        exchange: Exchange | None = getattr(connection, "served", None)
        story.response = _message(self._answer)
        if self._sent:
            story.asked = _message(self._sent)
            story.told = _message(self._asked.response or b"")
        if exchange is None:
            return story
        story.status = exchange.status
        self._tell_host(story, exchange)
        self._tell_hidden(exchange)
        plan = _before_error_documents(exchange).plan
        story.sections = plan.sections if plan is not None else ()
        story.covered = tuple(dict.fromkeys(_covered(exchange)))
        story.detail = exchange.error_detail
        if exchange.proxy is not None:
            story.origin = exchange.proxy.request_url
        elif exchange.status < 400:
            story.file = exchange.filename or ""
        return story

    def _tell_hidden(self, exchange: Exchange) -> None:
        """Tell which mappings were never asked, for a rule had decided before."""
        while exchange.previous is not None:
            exchange = exchange.previous
        mapping = exchange.server.server.shared.get("mod_proxy.mapping")
        asked = any(step.module == "mod_proxy" and "takes" in step.text for step in self._steps)
        if asked or mapping is None or exchange.plan is None:
            return
        for entry in mapping.taking(exchange.path, exchange.raw_path):
            text = f"ProxyPass {entry.path} would take {exchange.path}, but is not asked"
            self._tell("mod_proxy", text, entry.location, acted=False)

    def _tell_host(self, story: Story, exchange: Exchange) -> None:
        server: VirtualHost = exchange.server
        facts = server.server
        story.host = facts.name
        if facts.virtual:
            source = f"<VirtualHost {' '.join(_written(facts.addresses))}>"
            story.host_place = Location(facts.config_file, facts.config_line, source=source)
        story.host_reason = _reason(server, exchange)


def _pair() -> tuple[socket.socket, socket.socket]:
    """Two ends of a connection, neither of which blocks."""
    pair = socket.socketpair()
    for end in pair:
        end.setblocking(False)
    return pair


def _before_error_documents(exchange: Exchange) -> Exchange:
    """The request that was asked for, where the exchange only serves the page of its error."""
    while exchange.previous is not None and exchange.previous.status >= 400:
        exchange = exchange.previous
    return exchange


def _covered(exchange: Exchange) -> Iterator[Location]:
    """The sections of a request and of those it was made from, also those that a path left."""
    at: Exchange | None = exchange
    while at is not None:
        server: VirtualHost = at.server
        yield from server.plan(tuple(server.locations.find(at.raw_path))).sections
        yield from at.plan.sections if at.plan is not None else ()
        at = at.previous


def _reason(server: VirtualHost, exchange: Exchange) -> str:
    host = exchange.host
    if not server.server.virtual:
        return "no virtual host has this address"
    if host is None:
        return "the request names no host: the first of its address"
    if host == server.server.name.lower():
        return f"its ServerName is {host}"
    if server.server.aliases(host):
        return f"a ServerAlias takes {host}"
    return f"no host of this address is called {host}: the first one takes it"


def _written(addresses: Iterable[tuple[str, int]]) -> list[str]:
    return [f"{host}:{port}" if port else host for host, port in addresses]


def _by_text(configuration: Configuration) -> Mapping[str, tuple[Location, ...]]:
    found: dict[str, tuple[Location, ...]] = {}
    for directive in configuration.walk():
        text = _folded(f"{directive.name} {directive.raw}")
        found[text] = (*found.get(text, ()), directive.location)
    return found


def _folded(text: str) -> str:
    return " ".join(text.split())


def _message(data: bytes) -> Message | None:
    """The final message of what was sent, interim ones left out."""
    head, _, rest = data.partition(b"\r\n\r\n")
    while head[:5] == b"HTTP/" and head[9:10] == b"1" and head[9:12] != b"101":
        head, _, rest = rest.partition(b"\r\n\r\n")
    if not head:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    fields: list[tuple[str, str]] = []
    for line in lines:
        name, _, value = line.partition(":")
        fields.append((name, value.strip(" \t")))
    message = Message(first, tuple(fields), len(rest))
    return dataclasses.replace(message, content=content_of(message, rest))


def _is_framed(response: bytes) -> bool:
    head = response.partition(b"\r\n\r\n")[0].lower()
    return b"\r\ncontent-length:" in head or b"\r\ntransfer-encoding:" in head
