"""The exchange: one request and its response, Apache's `request_rec`.

Laws:
- Text is Latin-1 `str`, one character an octet; bodies are bytes.
- `out` holds the response's normal header table, `err` the one that survives errors and internal
  redirects (`headers_out` and `err_headers_out`).
- An internal redirect is a new exchange whose `previous` is the old one; a sub-request is one
  whose `main` is the request that looks ahead.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from revproxy.errors import HTTPError, Location
from revproxy.http.fields import Field, Fields
from revproxy.http.request_head import RequestBlock
from revproxy.http.response_head import ResponseHead


class Trace(Protocol):
    """Who listens to what is decided about a request."""

    def __call__(
        self, module: str, text: str, location: Location | None = None, *, acted: bool = True
    ) -> None:
        """A module decided something, by the directive at `location` where that is known.

        `acted` is False where the directive was looked at and had nothing to do.
        """
        ...


REDIRECT_HANDLER: Final = "redirect-handler"
"""The handler of a request that another path of this server will answer."""


UNKNOWN_PARTS: Final = "ap-mime-exceptions-list"
"""The note of the parts of a file's name that say nothing of it, joined by `/` (mod_mime)."""


class Body(Protocol):
    """A response body that is read piece by piece.

    `first` is what is at hand already and comes before all that is read; `length` is the whole
    number of octets (`first` included) or None where only the end tells.
    """

    first: bytes
    length: int | None
    timeout: float | None
    """Seconds that a piece may take; None for the server's Timeout."""

    async def readinto(self, buffer: memoryview) -> int:
        """Fill the front of `buffer`; 0 at the end. Raises OriginError for a body cut short."""
        ...

    def close(self) -> None:
        """Give back what the body holds; also after an error, and more than once."""
        ...


class Tunnel(Protocol):
    """What a connection becomes after a 101: bytes both ways until either side closes."""

    def close(self) -> None:
        """Close the origin's side."""
        ...

    async def relay(
        self, receive: Callable[[], Awaitable[bytes]], send: Callable[[bytes], Awaitable[None]]
    ) -> None:
        """Pass on what `receive` gives from the client, and `send` it what the origin says."""
        ...


class RequestBody(Protocol):
    """The body of a request, read as it comes from the client."""

    length: int | None
    """The declared octets; None for a chunked body."""
    is_finished: bool
    """Read to its end."""
    expects_continue: bool
    """The client waits for a 100 before it sends: `read` sends one first, unless this is reset."""

    def at_hand(self) -> bytes | None:
        """The whole body where it has come already, else None. Consumes it."""
        ...

    async def read(self) -> bytes:
        """The next piece, b"" at the end. Raises HTTPError: 400 broken, 413 over the limit."""
        ...

    async def readinto(self, buffer: memoryview) -> int:
        """As `read`, into the front of `buffer`; 0 at the end. For bodies of known length."""
        ...


class Tls(Protocol):
    """What an exchange may know of its connection's TLS (mod_ssl)."""

    server_name: str | None
    """What the client asked for (SNI)."""
    tls: Any
    """The settings it was secured with."""
    is_among_many: bool
    was_asked: bool
    """The client was asked for a certificate, or nobody wants one."""
    cannot_be_asked: bool
    """It was to be asked amid the connection, and does not take that."""

    @property
    def client(self) -> Any:
        """The client's certificate, verified; None where it showed none."""
        ...

    def variable(self, name: str) -> str | None:
        """The value of a variable SSL_* by its name in upper case; None for none."""
        ...

    def standard(self) -> dict[str, str]:
        """What SSLOptions +StdEnvVars sets."""
        ...

    def certificates(self) -> dict[str, str]:
        """What SSLOptions +ExportCertData sets."""
        ...


class Connection(Protocol):
    """What an exchange may know of its client's connection."""

    client_address: str
    client_port: int
    local_address: str
    local_port: int
    is_tls: bool
    tls: Tls | None
    """What is known of the TLS connection; None for a plain one."""
    requests: int
    """The number of this request on the connection, from 1."""

    trace: Trace | None
    """Who listens to what is decided about this connection's requests; None in a running server."""
    announced: tuple[str, int] | None
    """The client's address and port as the PROXY protocol told them."""

    memo: dict[Any, Any]
    """What a module wants to remember from one request on the connection to the next."""

    def set_deadline(self, seconds: float, on_timeout: HTTPError | None) -> None:
        """What comes next may take so long; `on_timeout` is then the answer (None: just close)."""
        ...

    def start_soon(self, function: Callable[..., Awaitable[None]], *args: Any) -> None:
        """Run a task beside this one; it must end by itself and raise nothing."""
        ...

    async def send_interim(self, status: int, reason: str, fields: tuple[Field, ...]) -> None:
        """Send a 1xx response now."""
        ...

    async def ask_certificate(self, most: int) -> None:
        """Ask the client for its certificate amid a TLS connection.

        Octets of a body that come before the answer are kept, `most` of them. Raises HTTPError,
        OSError.
        """
        ...


class Exchange:
    """One request and its response."""

    __slots__ = (
        "aborted",
        "auth_type",
        "block",
        "body",
        "body_sent",
        "bytes_in",
        "bytes_out",
        "challenge",
        "client_address",
        "client_port",
        "close",
        "connection",
        "content_type",
        "context",
        "env",
        "err",
        "error_detail",
        "fields",
        "filename",
        "first_sent",
        "generated",
        "handler",
        "host",
        "host_port",
        "list_validator",
        "log_id",
        "main",
        "method",
        "notes",
        "origin_head",
        "origin_tls",
        "out",
        "path",
        "path_info",
        "plan",
        "previous",
        "protocol",
        "proxy",
        "query",
        "raw_path",
        "reason",
        "remote_host",
        "request_body",
        "request_line",
        "server",
        "started",
        "status",
        "target",
        "trace",
        "trailers_in",
        "user",
    )

    def __init__(  # noqa: PLR0915 - every slot once
        self,
        connection: Connection,
        request_line: str,
        method: str,
        target: str,
        protocol: str,
        block: RequestBlock,
    ) -> None:
        self.connection = connection
        self.request_line = request_line
        """The line as received (`%r`, THE_REQUEST)."""
        self.method = method
        self.target = target
        """The request target as received."""
        self.protocol = protocol
        """"HTTP/1.1", "HTTP/1.0" or "HTTP/0.9"."""
        self.fields = Fields(block.fields)
        self.block = block
        """What the fields said as they were received."""
        self.host: str | None = None
        """The host of the request in lower case, without port; None where the client named none."""
        self.host_port: int | None = None
        """The port the client named."""
        self.path = ""
        """The decoded path (`r->uri`)."""
        self.raw_path = ""
        """The path as it was sent, without query."""
        self.query: str | None = None
        """What stands behind `?`, undecoded; None where there is no `?`."""
        self.path_info = ""
        self.filename: str | None = None
        self.context: tuple[str, str] | None = None
        """The path prefix and the directory of the Alias that gave `filename`."""
        self.handler: str | None = None
        self.origin_tls: Any = None
        """What secures a connection to an https: origin; None where nothing does."""
        self.proxy: Any = None
        """What mod_proxy knows of where the request goes; None where it is not proxied."""
        self.server: Any = None
        """The virtual host, a `module.Server`."""
        self.plan: Any = None
        """The request plan in force, a `plan.plan.RequestPlan`."""
        self.env: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self.user: str | None = None
        """Who the client says it is; proven where the phase `authz` runs for the second time."""
        self.auth_type: str | None = None
        """The scheme that asks the client who it is (AUTH_TYPE); None before `authn`."""
        self.challenge: Callable[[], str] | None = None
        """Makes what WWW-Authenticate says in a 401 (RFC 9110, section 11.6.1)."""
        self.remote_host: str | None = None
        """The client's name, looked up both ways; None where nobody asked or it has none."""
        self.client_address = connection.client_address
        self.client_port = connection.client_port
        self.trailers_in: list[bytes] = []
        """The lines that came behind the chunks of the request's body."""
        self.request_body: RequestBody | None = None
        """None where the request has no body."""
        self.status = 200
        self.reason: str | None = None
        """The reason phrase; None for the standard one."""
        self.out = Fields()
        self.err = Fields()
        self.content_type: str | None = None
        """The response's type where a handler of ours made it; a proxied one stands in `out`."""
        self.body: bytes | Body | Tunnel = b""
        self.origin_head: ResponseHead | None = None
        """The head an origin answered with; its bytes serve again where nothing changes them."""
        self.body_sent = 0
        """Octets of the response body that went to the client, framing not counted (`%b`)."""
        self.bytes_in = 0
        self.bytes_out = 0
        self.generated = False
        """The response is a page of ours for an error: the normal table's directives are off."""
        self.close = False
        """The client's connection ends with this exchange."""
        self.aborted = False
        """The client was gone before the response was whole (`%X`)."""
        self.first_sent = 0
        """When the first octet went out, in nanoseconds; 0 where nobody asks, -1 where it is."""
        self.error_detail = ""
        self.list_validator: str | None = None
        """What stands in the ETag for the variants this answer was chosen from."""
        self.started = time.time_ns()
        self.log_id: str | None = None
        self.previous: Exchange | None = None
        self.main: Exchange | None = None
        """The request that this sub-request was made for; None for a client's own."""
        self.trace: Trace | None = connection.trace

    def field(self, name: str) -> str | None:
        """The first value of a request's field by its name in lower case, None without one."""
        if self.fields.items is self.block.fields:
            # Nobody has changed them: no need to go through the table.
            return self.block.values.get(name)
        return self.fields.get(name)

    def sub_request(self, path: str, query: str | None) -> Exchange:
        """A request that looks ahead to another path, with tables of its own for its answer."""
        inner = Exchange(
            self.connection, self.request_line, "GET", self.target, "INCLUDED", self.block
        )
        inner.fields = self.fields.copy()
        inner.host, inner.host_port = self.host, self.host_port
        inner.raw_path = inner.path = path
        inner.query = query
        inner.server = self.server
        inner.env = dict(self.env)
        inner.remote_host = self.remote_host
        inner.client_address, inner.client_port = self.client_address, self.client_port
        inner.started = self.started
        inner.log_id = self.log_id
        inner.trace = self.trace
        inner.main = self
        return inner

    def redirected(self, path: str, query: str | None) -> Exchange:
        """A request of its own for another path, whose answer will be this one's."""
        method = "HEAD" if self.method == "HEAD" else "GET"
        inner = Exchange(
            self.connection, self.request_line, method, self.target, self.protocol, self.block
        )
        inner.fields = self.fields.copy()
        inner.host, inner.host_port = self.host, self.host_port
        inner.raw_path = inner.path = path
        inner.query = query
        inner.env = {f"REDIRECT_{name}": value for name, value in self.env.items()}
        inner.env["REDIRECT_STATUS"] = str(self.status)
        inner.env["REDIRECT_URL"] = self.path
        inner.err = self.err
        inner.remote_host = self.remote_host
        inner.client_address, inner.client_port = self.client_address, self.client_port
        inner.started = self.started
        inner.close = self.close
        inner.log_id = self.log_id
        inner.list_validator = self.list_validator
        inner.trace = self.trace
        inner.previous = self
        return inner


def document_root(exchange: Exchange) -> str:
    """The root of a request's own (mod_vhost_alias), "" where the server's is in force."""
    context = exchange.context
    return context[1] if context is not None and not context[0] else ""


def tls_variable(exchange: Exchange, name: str) -> str | None:
    """A variable SSL_* of a request's connection (mod_ssl); None on a plain one, and for none."""
    tls = exchange.connection.tls
    return None if tls is None else tls.variable(name.upper())
