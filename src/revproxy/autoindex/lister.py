"""The answer for a directory: who is listed, and what stands above and below.

Laws:
- Without `Options Indexes` a directory is 403.
- An entry is listed where a sub-request for it succeeds: what the client may not see is not named.
- Others have their turn between entries, however many there are.
"""

from __future__ import annotations

import dataclasses
import os
import re
import stat
from collections.abc import Iterator
from typing import Any, Final

from revproxy.autoindex.listing import Entry, Look, Order, body, heading, preamble
from revproxy.autoindex.options import Options
from revproxy.autoindex.query import name_pattern, read_query
from revproxy.autoindex.rules import (
    BLANK,
    DIRECTORY,
    Ignored,
    description,
    is_ignored,
    of_file,
    of_path,
    special,
)
from revproxy.errors import HTTPError
from revproxy.http.dates import format_http_date
from revproxy.http.message import Exchange
from revproxy.http.pages import escape_html, signature
from revproxy.module import Unset, value_or
from revproxy.static.directives import effective_options
from revproxy.static.etag import DEFAULT_PARTS, make_etag
from revproxy.subrequest import LookUp, look_up_entry, look_up_uri
from revproxy.waiting import run, wait

_HANDLERS: Final = (None, "default-handler", "httpd/unix-directory")
_MOST_READ: Final = 1 << 20
"""Octets of a HeaderName or ReadmeName that are shown."""


class Lister:
    """Answers for directories."""

    def __init__(self, settings: Any, *, refuses: bool) -> None:
        """`refuses` what may not be listed with 403; else whoever comes next answers."""
        self._settings = settings
        self._refuses = refuses
        self._options = value_or(settings.options, Options()).in_force
        self._icons = value_or(settings.icons, ())
        self._alts = value_or(settings.alts, ())
        self._ignored = value_or(settings.ignored, Ignored()).rules
        self._descriptions = value_or(settings.descriptions, ())
        name_width = value_or(settings.name_width, 23)
        description_width = value_or(settings.description_width, 23)
        self._look = Look(
            self._options,
            name_width,
            description_width,
            settings.description_width is Unset.UNSET,
            value_or(settings.icon_width, 0),
            value_or(settings.icon_height, 0),
            value_or(settings.default_icon, None),
            special(self._icons, BLANK),
            value_or(settings.style_sheet, None),
            value_or(settings.head_insert, ""),
            value_or(settings.date_format, "%Y-%m-%d %H:%M"),
        )

    async def __call__(self, exchange: Exchange) -> bool | None:
        name = exchange.filename
        if name is None or exchange.proxy is not None or exchange.path_info:
            return None
        if exchange.handler not in _HANDLERS or exchange.method not in ("GET", "HEAD"):
            return None
        try:
            info = os.stat(name.encode("latin-1"))
        except (OSError, ValueError):
            return None
        if not stat.S_ISDIR(info.st_mode):
            return None
        changes = value_or(exchange.plan.settings["core"].option_changes, ())
        if "Indexes" not in effective_options(changes):
            detail = (
                f"Cannot serve directory {name}: No matching DirectoryIndex found, and "
                "server-generated directory index forbidden by Options directive"
            )
            if not self._refuses:
                return None
            raise HTTPError(403, detail)
        exchange.filename = name if name.endswith("/") else f"{name}/"
        self._set_head(exchange, info)
        exchange.body = b""
        if exchange.method != "HEAD":
            page = await run(self._page, exchange)
            exchange.body = page.encode("latin-1")
        return True

    def _set_head(self, exchange: Exchange, info: os.stat_result) -> None:
        kind = value_or(self._settings.type, "text/html")
        charset = value_or(self._settings.charset, "UTF-8")
        exchange.content_type = f"{kind};charset={charset}" if charset else kind
        if "trackmodified" in self._options:
            seconds = info.st_mtime_ns // 1_000_000_000
            exchange.out.set("Last-Modified", format_http_date(seconds))
            etag = make_etag(info, DEFAULT_PARTS, exchange.started)
            if etag is not None:
                exchange.out.set("ETag", etag)

    def _page(self, exchange: Exchange) -> str:
        assert exchange.filename is not None
        try:
            with os.scandir(exchange.filename.encode("latin-1")) as found:
                names = [entry.name.decode("latin-1") for entry in found]
        except OSError as error:
            text = f"Can't open directory for index: {exchange.filename} ({error.strerror})"
            raise HTTPError(403, text) from None
        look, order, pattern = self._wishes(exchange)
        title = escape_html(exchange.path)
        title = title.rstrip("/") or title[:1]
        entries = [*self._parent(exchange, look), *self._entries(exchange, look, names, pattern)]
        return "".join(
            (*self._top(exchange, look, title), body(look, entries, order), *self._tail(exchange))
        )

    def _wishes(self, exchange: Exchange) -> tuple[Look, Order, str | None]:
        """Look, order and pattern of names, as the query asks."""
        order = value_or(self._settings.order, Order())
        if "ignoreclient" in self._options:
            options = self._options | {"suppresscolumnsorting"}
            return dataclasses.replace(self._look, options=options), order, None
        return read_query(exchange.query or "", self._look, order)

    # What stands above and below.

    def _top(self, exchange: Exchange, look: Look, title: str) -> Iterator[str]:
        header = value_or(self._settings.header, None)
        found = self._text(exchange, header, with_query=True)
        if found is None:
            yield preamble(look, title)
            yield heading(look, title)
            return
        content, is_html = found
        if not is_html or not look.has("suppresshtmlpreamble"):
            yield preamble(look, title)
        yield content

    def _tail(self, exchange: Exchange) -> Iterator[str]:
        found = self._text(exchange, value_or(self._settings.readme, None))
        if found is None:
            yield signature(exchange).removeprefix("<hr>\n")
        else:
            yield found[0]
        if found is None or not found[1] or "suppresshtmlpreamble" not in self._options:
            yield "</body></html>\n"

    def _text(
        self, exchange: Exchange, name: str | None, *, with_query: bool = False
    ) -> tuple[str, bool] | None:
        """The text of a HeaderName or ReadmeName as it is shown, and whether it is HTML."""
        if name is None:
            return None
        if with_query and exchange.query:
            name = f"{name}?{exchange.query}"
        found = look_up_uri(exchange, name)
        inner = found.exchange
        kind = (inner.content_type or "").partition(";")[0].strip().lower()
        if found.status != 200 or inner.filename is None or not os.path.isfile(inner.filename):
            return None
        is_html = kind in ("text/html", "application/xhtml+xml")
        if not is_html and not kind.startswith("text/"):
            return None
        try:
            with open(inner.filename.encode("latin-1"), "rb") as file:
                content = file.read(_MOST_READ).decode("latin-1")
        except OSError:
            return None
        if is_html:
            return content, True
        content = content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return f"<pre>\n{content}</pre>\n", False

    # The entries.

    def _parent(self, exchange: Exchange, look: Look) -> Iterator[Entry]:
        assert exchange.filename is not None
        above = f"{exchange.filename}.."
        path = exchange.path.rstrip("/").rpartition("/")[0] + "/"
        if exchange.path == "/" or is_ignored(self._ignored, above):
            return
        if not look.has("fancyindexing"):
            yield Entry(path)
            return
        yield Entry(
            path,
            icon=of_path(self._icons, above) or special(self._icons, DIRECTORY),
            alt=of_path(self._alts, above) or special(self._alts, DIRECTORY) or "PARENTDIR",
            description=description(self._descriptions, above),
        )

    def _entries(
        self, exchange: Exchange, look: Look, names: list[str], pattern: str | None
    ) -> Iterator[Entry]:
        # Only who serves needs the lane, and not who checks a configuration.
        from revproxy.lane import checkpoint

        matches = None if pattern is None else name_pattern(pattern)
        shows_forbidden = look.has("showforbidden")
        for number, name in enumerate(names):
            path = f"{exchange.filename}{name}"
            if (matches is not None and not matches(name)) or is_ignored(self._ignored, path):
                continue
            if number % 16 == 15:
                wait(checkpoint())
            try:
                mode = os.stat(path.encode("latin-1")).st_mode
            except OSError:
                continue
            is_directory = stat.S_ISDIR(mode)
            found = look_up_entry(exchange, f"{name}/" if is_directory else name)
            shown = 200 <= found.status < 400 or (shows_forbidden and found.status in (401, 403))
            if shown and (is_directory or stat.S_ISREG(mode)):
                yield self._entry(look, name, path, found, is_directory=is_directory)

    def _entry(
        self, look: Look, name: str, path: str, found: LookUp, *, is_directory: bool
    ) -> Entry:
        label = f"{name}/" if is_directory else name
        if not (look.has("fancyindexing") or look.has("htmltable")):
            return Entry(label)
        inner = found.exchange
        info = _stat(inner.filename or path) or _stat(path)
        modified = -1.0 if info is None else info.st_mtime
        said = description(self._descriptions, path)
        if is_directory:
            return Entry(
                label,
                modified=modified,
                icon=of_path(self._icons, path) or special(self._icons, DIRECTORY),
                alt=of_path(self._alts, path) or special(self._alts, DIRECTORY) or "DIR",
                description=said,
                goes_first=look.has("foldersfirst"),
            )
        kind = (inner.content_type or "").partition(";")[0].strip()
        coding = inner.out.get("Content-Encoding") or ""
        if said is None and look.has("scanhtmltitles"):
            said = _title(inner, path)
        return Entry(
            label,
            -1 if info is None else info.st_size,
            modified,
            of_file(self._icons, path, kind, coding),
            of_file(self._alts, path, kind, coding),
            said,
        )


def _stat(name: str) -> os.stat_result | None:
    try:
        return os.stat(name.encode("latin-1"))
    except OSError:
        return None


_TITLE: Final = re.compile(rb"<title>([^<]*)", re.IGNORECASE).search


def _title(inner: Exchange, path: str) -> str | None:
    """The title of an HTML page, looked for in its first 8 KiB."""
    kind = (inner.content_type or "").partition(";")[0].strip().lower()
    if kind not in ("text/html", "application/xhtml+xml") or "Content-Encoding" in inner.out:
        return None
    try:
        with open(path.encode("latin-1"), "rb") as file:
            found = _TITLE(file.read(8191))
    except OSError:
        return None
    if found is None:
        return None
    return re.sub(r"[\r\n]", " ", found[1].decode("latin-1").lstrip("\r\n"))
