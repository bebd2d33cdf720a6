"""Negotiation of a request: MultiViews, type maps, and the encoding's name.

Laws:
- A variant that the client may not see, or of which nothing is known, is none.
- Where names match and none of them can be served, the answer is 404: nobody else looks.
- A variant that is itself negotiated is a mistake of the configuration: 506.
- The chosen file takes the request over; a type map sends it on as an internal redirect.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Coroutine
from typing import Any, NoReturn

from revproxy.errors import HTTPError, InternalRedirect
from revproxy.http.conditional import Validators, evaluate, range_applies
from revproxy.http.dates import format_http_date
from revproxy.http.message import REDIRECT_HANDLER, UNKNOWN_PARTS, Exchange
from revproxy.http.ranges import RangeLimits, parse_ranges
from revproxy.module import Server, value_or
from revproxy.negotiation.accept import SCRIPT, read_wishes
from revproxy.negotiation.accept import parse_ranges as parse_items
from revproxy.negotiation.choose import choose
from revproxy.negotiation.tell import escape_segment, set_fields, variant_list
from revproxy.negotiation.type_map import TypeMapError, parse_type_map
from revproxy.negotiation.variant import Variant
from revproxy.negotiation.wanted import MAP_HANDLER, MAP_TYPE, Policy
from revproxy.rewrite.escape import escape_uri
from revproxy.static.body import Piece
from revproxy.static.etag import effective_parts, make_etag
from revproxy.static.handler import drop_content_fields, partial
from revproxy.subrequest import LookUp, look_up_beside, look_up_file, take_over
from revproxy.waiting import run, wait


class MultiViews:
    """The type checker: a name that is not there may stand for files that begin with it."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def __call__(self, exchange: Exchange) -> Coroutine[Any, Any, bool] | None:
        name = exchange.filename
        if name is None or name[:1] != "/" or _exists(name):
            return None
        return run(self._negotiate, exchange)

    def _negotiate(self, exchange: Exchange) -> bool:
        """Let the best file stand for the request; whether there are any. Raises HTTPError."""
        assert exchange.filename is not None
        folder, _, prefix = exchange.filename.rpartition("/")
        negotiation = _Negotiation(exchange, f"{folder}/", self._policy)
        negotiation.add_files(prefix)
        if not negotiation.variants:
            return False
        best = negotiation.choose(
            prefers_scripts=exchange.method not in ("GET", "HEAD")
            or exchange.query is not None
            or bool(exchange.path_info)
        )
        found = best.look_up
        if found is None:
            found = look_up_file(exchange, best.name)
            if found.status != 200:
                raise HTTPError(found.status)
        _serve(exchange, found)
        return True


def _exists(name: str) -> bool:
    try:
        os.stat(name.encode("latin-1"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def _serve(exchange: Exchange, found: LookUp) -> None:
    inner = found.exchange
    if inner.query is None:
        inner.query = exchange.query
    take_over(exchange, inner)
    if found.redirect is not None:
        exchange.handler = REDIRECT_HANDLER
        raise found.redirect


class TypeMaps:
    """The handler of type maps."""

    def __init__(self, policy: Policy, server: Server, *, is_cached: bool) -> None:
        """`is_cached`: CacheNegotiatedDocs."""
        self._policy = policy
        self._is_cached = is_cached
        self._methods = "GET,POST,OPTIONS,HEAD" + ("" if server.trace == "off" else ",TRACE")

    async def __call__(self, exchange: Exchange) -> bool:
        return await run(self._handle, exchange)

    def _handle(self, exchange: Exchange) -> bool:
        """Answer with a Body of the map. Raises InternalRedirect for a file, HTTPError."""
        assert exchange.filename is not None
        folder = exchange.filename.rpartition("/")[0] + "/"
        negotiation = _Negotiation(exchange, folder, self._policy)
        info = negotiation.read_map(exchange)
        best = negotiation.choose()
        if not self._is_cached and exchange.protocol != "HTTP/1.1":
            # What HTTP/1.0 can tell of a cache.
            exchange.err.set_default("Expires", format_http_date(exchange.started // 10**9))
        if best.body is None:
            _redirect(exchange, best)
        if exchange.method not in ("GET", "HEAD", "POST"):
            raise HTTPError(405, allow=self._methods)
        _answer(exchange, best, best.body, info)
        return True


def _redirect(exchange: Exchange, best: Variant) -> NoReturn:
    """Send the request on to a URI of the map, which is as its author wrote it."""
    path = exchange.path.removesuffix(exchange.path_info)
    target = f"{escape_uri(path[: path.rfind('/') + 1])}{best.name}{exchange.path_info}"
    if exchange.query is not None:
        target = f"{target}?{exchange.query}"
    path, mark, query = target.partition("#")[0].partition("?")
    raise InternalRedirect(path, query if mark else None)


def _answer(exchange: Exchange, best: Variant, body: bytes, info: os.stat_result) -> None:
    """The content that stands in the map itself."""
    out = exchange.out
    out.set("Accept-Ranges", "bytes")
    if best.type:
        charset = f"; charset={best.charset}" if best.charset else ""
        exchange.content_type = best.type + charset
    if best.languages:
        out.set("Content-Language", ",".join(best.languages))
    if best.encoding:
        out.set("Content-Encoding", best.encoding)
    now = time.time_ns() // 10**9
    validators = Validators(None, info.st_mtime_ns // 10**9)
    status = evaluate(exchange.method, exchange.fields, validators, now)
    if status == 304:
        exchange.status, exchange.body = status, b""
        drop_content_fields(exchange)
        return
    if status:
        raise HTTPError(status)
    wanted = exchange.fields.get("Range")
    pieces: list[Piece] = [body]
    if wanted is not None and range_applies(exchange.fields, validators, now):
        ranges = parse_ranges(wanted, len(body), RangeLimits())
        if ranges:
            exchange.status = 206
            pieces = partial(exchange, ranges, len(body))
    exchange.body = b"".join(
        piece if isinstance(piece, bytes) else body[slice(*piece)] for piece in pieces
    )


def fix_encoding(exchange: Exchange) -> None:
    """Call the encoding what the client calls it: `gzip` and `x-gzip` are the same."""
    encoding = exchange.out.get("Content-Encoding")
    if not encoding:
        return
    plain = encoding.removeprefix("x-")
    accepted = parse_items(exchange.fields.joined("Accept-Encoding")) or ()
    names = [item.name for item in accepted]
    if plain in names:
        exchange.out.set("Content-Encoding", plain)
    elif f"x-{plain}" in names:
        exchange.out.set("Content-Encoding", f"x-{plain}")


class _Negotiation:
    """One request's variants, and what comes of them."""

    def __init__(self, exchange: Exchange, folder: str, policy: Policy) -> None:
        self._exchange = exchange
        self._folder = folder
        self._policy = policy
        self.variants: list[Variant] = []

    # Where variants come from.

    def add_files(self, prefix: str) -> None:
        """The files `prefix.*` of the directory. Raises HTTPError."""
        # Only who serves needs the lane, and not who checks a configuration.
        from revproxy.lane import checkpoint

        exchange = self._exchange
        folder = self._folder.encode("latin-1")
        try:
            info = os.stat(folder)
            with os.scandir(folder) as listed:
                entries = list(listed)
        except OSError as error:
            text = f"cannot read directory for multi: {self._folder} ({error.strerror})"
            raise HTTPError(403, text) from None
        some = False
        for entry in entries:
            name = entry.name.decode("latin-1")
            if not name.startswith(f"{prefix}.") or entry.is_dir(follow_symlinks=False):
                continue
            some = True
            if not _is_file(entry):
                continue
            wait(checkpoint())
            found = look_up_beside(exchange, name)
            kind = _kind(found, prefix)
            if kind is None:
                continue
            if kind == MAP_TYPE or found.exchange.handler == MAP_HANDLER:
                self.variants.clear()
                self.read_map(found.exchange)
                return
            self.variants.append(_variant(found, name, kind))
        if some and not self.variants:
            text = (
                f"Negotiation: discovered file(s) matching request: {exchange.filename} "
                "(None could be negotiated)."
            )
            raise HTTPError(404, text)
        self.variants.sort(key=lambda variant: (-variant.source_quality, variant.name))
        exchange.list_validator = self._validator(exchange, info)

    def read_map(self, mapped: Exchange) -> os.stat_result:
        """The variants of the type map that a request has found. Raises HTTPError."""
        name = mapped.filename
        assert name is not None
        data = b""
        try:
            fd = os.open(name.encode("latin-1"), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(fd, "rb") as file:
                info = os.fstat(fd)
                if stat.S_ISREG(info.st_mode):
                    data = file.read()
        except (FileNotFoundError, NotADirectoryError):
            raise HTTPError(404, f"cannot access type map file: {name}") from None
        except OSError as error:
            text = f"cannot access type map file: {name} ({error.strerror})"
            raise HTTPError(403, text) from None
        self._exchange.list_validator = self._validator(mapped, info)
        try:
            self.variants = parse_type_map(data.decode("latin-1"), name.rpartition("/")[2])
        except TypeMapError as error:
            raise HTTPError(500, f"{error} in {name}") from None
        return info

    def _validator(self, exchange: Exchange, info: os.stat_result) -> str | None:
        """What stands for the list of variants in their ETags: of a map or of a directory."""
        core = exchange.plan.settings.get("core")
        parts = effective_parts(() if core is None else value_or(core.etag_changes, ()))
        if parts and stat.S_ISDIR(info.st_mode):
            parts = frozenset(("MTime",))
        return make_etag(info, parts, exchange.started)

    # What comes of them.

    def choose(self, *, prefers_scripts: bool = False) -> Variant:
        """The best variant. Raises HTTPError where there is none, or the client has to choose."""
        exchange, variants = self._exchange, self.variants
        transparent = (
            exchange.method in ("GET", "HEAD")
            and not exchange.path_info
            and not any("/" in variant.name or variant.body is not None for variant in variants)
        )
        wishes = read_wishes(exchange.fields, transparent=transparent)
        choice = choose(
            variants,
            wishes,
            self._policy,
            exchange.env,
            self._length_of,
            prefers_scripts=prefers_scripts,
        )
        best = choice.best
        if choice.is_list or best is None:
            self._tell(transparent=transparent, alternates=True, is_list=True)
            (exchange.main or exchange).notes["variant-list"] = variant_list(variants)
            if transparent and wishes.supports_transparent:
                raise HTTPError(300)
            raise HTTPError(406, f"no acceptable variant: {exchange.filename}")
        if exchange.trace is not None:
            text = f"{exchange.path} is served by {best.name}, the best of {len(variants)}"
            exchange.trace("mod_negotiation", text)
        if transparent:
            self._check_choice(best)
        self._tell(transparent=transparent, alternates=wishes.supports_transparent, is_list=False)
        return best

    def _tell(self, *, transparent: bool, alternates: bool, is_list: bool) -> None:
        set_fields(
            self._exchange.err,
            self.variants,
            self._length_of,
            transparent=transparent,
            alternates=alternates,
            is_list=is_list,
        )

    def _check_choice(self, best: Variant) -> None:
        """Look the choice up, and refuse one that is negotiated in its turn. Raises HTTPError."""
        exchange = self._exchange
        if best.look_up is None:
            found = look_up_file(exchange, best.name)
            if found.status != 200 and "TCN" not in found.exchange.err:
                raise HTTPError(found.status)
            best.look_up = found
        inner = best.look_up.exchange
        if "TCN" in inner.err or inner.handler == MAP_HANDLER:
            raise HTTPError(506)
        vary = inner.err.get("Vary")
        if vary is not None:
            exchange.err.set("Variant-Vary", vary)
            exchange.err.set("Vary", vary)
            inner.err.unset("Vary")
        exchange.err.set("Content-Location", escape_segment(best.name))

    def _length_of(self, variant: Variant) -> int:
        """Octets of a variant's file, -1 where nobody knows."""
        if variant.length is None:
            path = os.path.join(self._folder, variant.name)
            if variant.look_up is not None and variant.look_up.exchange.filename:
                path = variant.look_up.exchange.filename
            try:
                variant.length = os.stat(path.encode("latin-1")).st_size
            except (OSError, ValueError):
                return -1
        return variant.length


def _is_file(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _kind(found: LookUp, prefix: str) -> str | None:
    """The type of a file that may be a variant of `prefix`, None for one that is none."""
    inner = found.exchange
    unknown = inner.notes.get(UNKNOWN_PARTS)
    if unknown is None or not _are_claimed(unknown.split("/"), prefix) or found.status != 200:
        return None
    if inner.handler is not None and inner.content_type is None:
        inner.content_type = SCRIPT
    return inner.content_type


def _are_claimed(unknown: list[str], prefix: str) -> bool:
    """The parts of a name that say nothing all stand in what was asked for, in order."""
    asked = iter(prefix.split("."))
    return all(part in asked for part in unknown)


def _variant(found: LookUp, name: str, kind: str) -> Variant:
    out = found.exchange.out
    languages = out.get("Content-Language")
    variant = Variant(
        name,
        encoding=out.get("Content-Encoding"),
        languages=tuple(languages.split(",")) if languages else (),
        look_up=found,
    )
    variant.set_type(kind)
    return variant
