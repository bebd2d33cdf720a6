"""The pages that stand for an error where no document is configured, and the status phrases.

Laws:
- The text is what Apache 2.4.71 sends, octet for octet, but for the product's name.
- Text of the request or the configuration enters a page only with `&`, `<`, `>` and `"` escaped.
- A detail is shown where Apache shows it (a proxy error, a head over a limit); every other detail
  is for the log alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from revproxy import __version__
from revproxy.errors import HTTPError
from revproxy.http.message import Exchange

REASONS: Final = {
    100: "Continue",
    101: "Switching Protocols",
    102: "Processing",
    103: "Early Hints",
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "Non-Authoritative Information",
    204: "No Content",
    205: "Reset Content",
    206: "Partial Content",
    207: "Multi-Status",
    208: "Already Reported",
    226: "IM Used",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    305: "Use Proxy",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Request Entity Too Large",
    414: "Request-URI Too Long",
    415: "Unsupported Media Type",
    416: "Requested Range Not Satisfiable",
    417: "Expectation Failed",
    421: "Misdirected Request",
    422: "Unprocessable Entity",
    423: "Locked",
    424: "Failed Dependency",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
    506: "Variant Also Negotiates",
    507: "Insufficient Storage",
    508: "Loop Detected",
    510: "Not Extended",
    511: "Network Authentication Required",
}
"""The phrases of Apache 2.4 (some are older than RFC 9110's)."""

PAGE_TYPE: Final = "text/html; charset=iso-8859-1"
PROXY_ERROR: Final = "Proxy Error"
"""The reason phrase of a failure whose detail the client is told."""

_SHOWN_DETAILS: Final = frozenset(
    (
        "Size of a request header field exceeds server limit.",
        "The number of request header fields exceeds this server's limit.",
        "Reason: Cannot perform Post-Handshake Authentication.<br />",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />\n"
        " Instead use the HTTPS scheme to access this URL, please.<br />\n",
        "Reason: The client software did not provide a hostname using Server Name Indication "
        "(SNI), which is required to access this server.<br />\n",
        "Server unable to read htaccess file, denying access to be safe",
    )
)
_DOCTYPE: Final = (
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n'
)


def reason_phrase(status: int) -> str:
    """The standard phrase of a status, "" where there is none."""
    return REASONS.get(status, "")


def server_product(tokens: str) -> str:
    """What Server says of us, by ServerTokens."""
    major, minor, _ = __version__.split(".", 2)
    return {
        "prod": "revproxy",
        "productonly": "revproxy",
        "major": f"revproxy/{major}",
        "minor": f"revproxy/{major}.{minor}",
        "min": f"revproxy/{__version__}",
        "minimal": f"revproxy/{__version__}",
    }.get(tokens.lower(), f"revproxy/{__version__} (Unix)")


def escape_html(text: str) -> str:
    """Text as it may stand in a page and in an attribute."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    return text.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def page_type(exchange: Exchange) -> str:
    """The type of a page of ours; `suppress-error-charset` is for old browsers."""
    return "text/html" if "suppress-error-charset" in exchange.env else PAGE_TYPE


def error_page(exchange: Exchange, error: HTTPError, recursive: int = 0) -> bytes:
    """The page for the exchange's status.

    `recursive` is the status of the error that was met on the way to an error document.
    """
    status = exchange.status
    reason = exchange.reason if exchange.reason is not None else reason_phrase(status)
    title = escape_html(f"{status} {reason}")
    text = _TEXTS.get(status, _internal)(exchange, _notes(exchange, error))
    parts = [
        _DOCTYPE,
        f"<html><head>\n<title>{title}</title>\n</head><body>\n<h1>{escape_html(reason)}</h1>\n",
        text,
    ]
    if recursive:
        parts.append(
            f"<p>Additionally, a {recursive} {reason_phrase(recursive)}\nerror was encountered "
            "while trying to use an ErrorDocument to handle the request.</p>\n"
        )
    parts += (signature(exchange), "</body></html>\n")
    return "".join(parts).encode("latin-1", "replace")


def _notes(exchange: Exchange, error: HTTPError) -> str:
    """What is told of the cause."""
    if exchange.reason == PROXY_ERROR:
        return (
            "The proxy server could not handle the request<p>Reason: <strong>"
            f"{escape_html(error.detail)}</strong></p>"
        )
    return error.detail if error.detail in _SHOWN_DETAILS else ""


def signature(exchange: Exchange) -> str:
    mode = exchange.plan.signature.lower() if exchange.plan is not None else "off"
    if mode == "off":
        return ""
    server = exchange.server.server
    host, port = server.self_address(exchange)
    name = escape_html(host)
    if mode == "email":
        name = f'<a href="mailto:{escape_html(server.admin)}">{name}</a>'
    return f"<hr>\n<address>{server.product} Server at {name} Port {port}</address>\n"


Text = Callable[[Exchange, str], str]


def _plain(text: str) -> Text:
    return lambda _exchange, _notes: text


def _noted(before: str, after: str) -> Text:
    return lambda _exchange, notes: f"{before}{notes}{after}"


def _located(before: str) -> Text:
    def text(exchange: Exchange, _notes: str) -> str:
        location = exchange.out.get("Location") or exchange.err.get("Location") or ""
        return f'<p>{before} <a href="{escape_html(location)}">here</a>.</p>\n'

    return text


def _listed(before: str) -> Text:
    """With the variants that the client may choose from (mod_negotiation)."""
    return lambda exchange, _notes: before + exchange.notes.get("variant-list", "")


def _by_method(before: str, after: str) -> Text:
    return lambda exchange, _notes: f"{before}{escape_html(exchange.method)}{after}"


def _internal(exchange: Exchange, notes: str) -> str:
    if notes:
        return f"{notes}<p />\n"
    admin = exchange.server.server.admin
    return (
        "<p>The server encountered an internal error or\n"
        "misconfiguration and was unable to complete\n"
        "your request.</p>\n"
        "<p>Please contact the server administrator at \n"
        f" {escape_html(admin)} to inform them of the time this error occurred,\n"
        " and the actions you performed just before this error.</p>\n"
        "<p>More information about this error may be available\n"
        "in the server error log.</p>\n"
    )


def _expectation(exchange: Exchange, _notes: str) -> str:
    expect = exchange.fields.get("Expect")
    if expect is None:
        told = (
            "No expectation was seen, the Expect request-header \n"
            "field was not presented by the client.\n"
        )
    else:
        told = (
            "The expectation given in the Expect request-header\nfield could not be met by this "
            f"server.\nThe client sent<pre>\n    Expect: {escape_html(expect)}\n</pre>\n"
        )
    return f"<p>{told}</p><p>Only the 100-continue expectation is supported.</p>\n"


_CREDENTIALS: Final = (
    "<p>This server could not verify that you\n"
    "are authorized to access the document\n"
    "requested.  Either you supplied the wrong\n"
    "credentials (e.g., bad password), or your\n"
    "browser doesn't understand how to supply\n"
    "the credentials required.</p>\n"
)
_MOVED: Final = _located("The document has moved")

_TEXTS: Final[dict[int, Text]] = {
    300: _listed(""),
    301: _MOVED,
    302: _MOVED,
    303: _located("The answer to your request is located"),
    304: _plain(""),
    305: _plain(
        "<p>This resource is only accessible through the proxy\n"
        "<br />\nYou will need to configure your client to use that proxy.</p>\n"
    ),
    307: _MOVED,
    308: _MOVED,
    400: _noted(
        "<p>Your browser sent a request that this server could not understand.<br />\n", "</p>\n"
    ),
    401: _plain(_CREDENTIALS),
    403: _noted("<p>You don't have permission to access this resource.", "</p>\n"),
    404: _plain("<p>The requested URL was not found on this server.</p>\n"),
    405: _by_method("<p>The requested method ", " is not allowed for this URL.</p>\n"),
    406: _listed(
        "<p>An appropriate representation of the requested resource could not be found on this "
        "server.</p>\n"
    ),
    407: _plain(_CREDENTIALS),
    408: _plain("<p>Server timeout waiting for the HTTP request from the client.</p>\n"),
    410: _plain(
        "<p>The requested resource is no longer available on this server and there is no "
        "forwarding address.\nPlease remove all references to this resource.</p>\n"
    ),
    411: _by_method(
        "<p>A request of the requested method ", " requires a valid Content-length.<br />\n</p>\n"
    ),
    412: _plain("<p>The precondition on the request for this URL evaluated to false.</p>\n"),
    413: _by_method(
        "The requested resource does not allow request data with ",
        " requests, or the amount of data provided in\nthe request exceeds the capacity limit.\n",
    ),
    414: _noted(
        "<p>The requested URL's length exceeds the capacity\nlimit for this server.<br />\n",
        "</p>\n",
    ),
    415: _plain(
        "<p>The supplied request data is not in a format\n"
        "acceptable for processing by this resource.</p>\n"
    ),
    416: _plain(
        "<p>None of the range-specifier values in the Range\n"
        "request-header field overlap the current extent\nof the selected resource.</p>\n"
    ),
    417: _expectation,
    421: _plain(
        "<p>The client needs a new connection for this\n"
        "request as the requested host name does not match\n"
        "the Server Name Indication (SNI) in use for this\nconnection.</p>\n"
    ),
    422: _plain(
        "<p>The server understands the media type of the\n"
        "request entity, but was unable to process the\ncontained instructions.</p>\n"
    ),
    423: _plain(
        "<p>The requested resource is currently locked.\n"
        "The lock must be released or proper identification\n"
        "given before the method can be applied.</p>\n"
    ),
    424: _plain(
        "<p>The method could not be performed on the resource\n"
        "because the requested action depended on another\n"
        "action and that other action failed.</p>\n"
    ),
    426: _plain(
        "<p>The requested resource can only be retrieved\n"
        "using SSL.  The server is willing to upgrade the current\n"
        "connection to SSL, but your client doesn't support it.\n"
        "Either upgrade your client, or try requesting the page\nusing https://\n"
    ),
    428: _plain("<p>The request is required to be conditional.</p>\n"),
    429: _plain("<p>The user has sent too many requests\nin a given amount of time.</p>\n"),
    431: _plain(
        "<p>The server refused this request because\nthe request header fields are too large.</p>\n"
    ),
    451: _plain("<p>Access to this URL has been denied for legal reasons.<br />\n</p>\n"),
    501: _by_method("<p>", " not supported for current URL.<br />\n</p>\n"),
    502: _noted(
        "<p>The proxy server received an invalid\r\nresponse from an upstream server.<br />\r\n",
        "</p>\n",
    ),
    503: _plain(
        "<p>The server is temporarily unable to service your\n"
        "request due to maintenance downtime or capacity\nproblems. Please try again later.</p>\n"
    ),
    504: _plain(
        "<p>The gateway did not receive a timely response\n"
        "from the upstream server or application.</p>\n"
    ),
    506: _plain(
        "<p>A variant for the requested resource\n<pre>\n\n</pre>\n"
        "is itself a negotiable resource. This indicates a configuration error.</p>\n"
    ),
    507: _plain(
        "<p>The method could not be performed on the resource\n"
        "because the server is unable to store the\n"
        "representation needed to successfully complete the\n"
        "request.  There is insufficient free space left in\nyour storage allocation.</p>\n"
    ),
    508: _plain(
        "<p>The server terminated an operation because\nit encountered an infinite loop.</p>\n"
    ),
    510: _plain(
        "<p>A mandatory extension policy in the request is not\n"
        "accepted by the server for this resource.</p>\n"
    ),
    511: _plain("<p>The client needs to authenticate to gain\nnetwork access.</p>\n"),
}
