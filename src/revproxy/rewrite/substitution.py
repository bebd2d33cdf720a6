"""What a RewriteRule puts in the place of a name: a path of ours, a URL elsewhere or an origin.

Laws:
- The name and the query of the run change, and nothing else does but what T forces.
- A `?` that comes of what is put in, which a client may have smuggled in, never begins the query:
  403.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from revproxy.http.message import REDIRECT_HANDLER, Exchange
from revproxy.proxy.handlers import folded
from revproxy.rewrite.arguments import Flags
from revproxy.rewrite.escape import BackreferenceEscape, scheme_length, takes_query
from revproxy.rewrite.expand import MapLookup, compile_template, own_marks
from revproxy.rewrite.refusal import refusal, refuse_raw_query
from revproxy.rewrite.run import Run

if TYPE_CHECKING:
    from revproxy.rewrite.rule import Rule

_HANDLER: Final = "rewrite-forced-handler"

MISS: Final = 0
CHANGED: Final = 1
MATCHED: Final = 2
"""It matched and changed nothing (`-`)."""


def forced(flags: Flags, maps: MapLookup) -> Callable[[Run], None] | None:
    """What T and H do, None for nothing."""
    if not flags.content_type and not flags.handler:
        return None
    kind_of = compile_template(flags.content_type, maps)
    handler_of = compile_template(flags.handler, maps)

    def force(run: Run) -> None:
        kind = kind_of(run).lower()
        if kind:
            run.exchange.notes["rewrite-forced-mimetype"] = kind
            if run.log is not None:
                run.log(2, f"remember {run.filename} to have MIME-type '{kind}'")
        handler = folded(handler_of(run))
        if handler:
            run.exchange.notes[_HANDLER] = handler
            if run.log is not None:
                run.log(2, f"remember {run.filename} to have Content-handler '{handler}'")

    return force


def take_handler(exchange: Exchange) -> None:
    """Let the handler that a rule has named answer, but for what goes elsewhere."""
    name = exchange.notes.get(_HANDLER)
    if name is not None and exchange.handler != REDIRECT_HANDLER:
        exchange.handler = name


def _mark(text: str) -> str:
    """Takes the question marks out of what is put in, to tell them from the rule's own."""
    return text.replace("?", "\0")


class Substitution:
    """A rule that changes the name."""

    def __init__(
        self,
        rule: Rule,
        conditions: Callable[[Run], bool] | None,
        effects: tuple[Callable[[Run], None], ...],
        maps: MapLookup,
    ) -> None:
        flags = rule.flags
        escape = None
        if flags.escape:
            escape = BackreferenceEscape(
                flags.escape_only,
                flags.escape_but,
                controls=flags.escape_controls,
                plus=not flags.no_plus,
            )
        self._rule = rule
        self._flags = flags
        self._conditions = conditions
        self._effects = effects
        self._force = forced(flags, maps)
        self._own_marks = -1 if flags.unsafe_3f else own_marks(rule.output)
        self._is_absolute = scheme_length(rule.output) > 0
        """It begins with a scheme as it is written: no need to look at each result."""
        self._is_origin = (
            self._is_absolute
            and flags.proxy
            and takes_query(rule.output)
            and not (flags.query_discard or rule.drops_query)
        )
        """A result without a `?` is the URL at an origin as it stands."""
        self._output = compile_template(rule.output, maps, escape)
        self._keeps_slashes = flags.unsafe_slashes or rule.output.startswith("//")
        self._marked = compile_template(rule.output, maps, escape, _mark)

    def __call__(self, run: Run) -> int:
        if self._conditions is not None and not self._conditions(run):
            return MISS
        flags = self._flags
        result = self._output(run)
        if run.log is not None:
            run.log(2, f"rewrite '{run.subject()}' -> '{result}'")
        if result.count("?") != self._own_marks:
            self._refuse_3f(run, result)
        for effect in self._effects:
            effect(run)
        if run.tell is not None:
            run.tell(f"rewrite -> '{result}'")
        run.last = self._rule
        if flags.discard_path_info:
            run.path_info = ""
        if self._is_origin and run.log is None and "?" not in result:
            # What [P] is written for nearly always: 1.5 µs less than by way of all cases.
            run.filename, run.has_prefix = f"proxy:{result}", False
            return CHANGED
        self._set_name(run, result)
        if self._place(run) and self._force is not None:
            self._force(run)
        if run.log is not None:
            run.log(2, f"setting lastsub to rule with output {self._rule.output}")
        return CHANGED

    def _refuse_3f(self, run: Run, result: str) -> None:
        """A `?` that the rule does not write itself must not begin the query. Raises HTTPError."""
        if self._flags.unsafe_3f:
            return
        log, run.log = run.log, None
        marked = self._marked(run)
        run.log = log
        if self._split_at(result) == self._split_at(marked):
            return
        refuse_raw_query(run)
        text = "Unsafe URL with %3f URL rewritten without UnsafeAllow3F"
        refused = refusal(run, 403, "AH10508", text)
        if log is not None:
            log(2, f"setting lastsub to rule with output {self._rule.output}")
        raise refused

    def _split_at(self, name: str) -> int:
        """Where the query begins, -1 for nowhere."""
        return name.rfind("?") if self._flags.query_last else name.find("?")

    def _set_name(self, run: Run, result: str) -> None:
        """Let a result be the name, below the directory where it is relative, and the query."""
        log = run.log
        flags = self._flags
        is_relative = run.prefix != "" and result[:1] != "/" and not self._has_scheme(result)
        if is_relative and run.prefix:
            if log is not None:
                log(3, f"add per-dir prefix: {result} -> {run.prefix}{result}")
            result = run.prefix + result
        elif is_relative and not flags.proxy and not flags.redirect:
            if log is not None:
                log(3, f"add root prefix: {result} -> /{result}")
            result = f"/{result}"
        else:
            is_relative = False
        run.filename = result
        run.has_prefix = is_relative
        self._split_query(run)
        if log is not None and len(run.filename) < len(result):
            args = "<none>" if run.args is None else run.args
            log(3, f"split uri={result} -> uri={run.filename}, args={args}")

    def _split_query(self, run: Run) -> None:
        if self._rule.drops_query:
            if run.log is not None:
                run.log(2, "discarding query string, no parse from substitution")
            run.args = None
            return
        flags = self._flags
        name = run.filename
        if not takes_query(name):
            run.args = None
            return
        if flags.query_discard:
            if run.log is not None:
                run.log(2, "discarding query string")
            run.args = None
        position = self._split_at(name)
        if position < 0:
            return
        run.filename, query = name[:position], name[position + 1 :]
        if flags.query_append:
            if query:
                run.args = f"{query}&{run.args or ''}"
        else:
            run.args = query
        if run.args is not None:
            run.args = run.args.removesuffix("&") if run.args else None

    def _place(self, run: Run) -> bool:
        """Make the result what it stands for: whether that is a path of ours."""
        flags = self._flags
        name = run.filename
        if flags.proxy:
            run.filename = f"proxy:{self._qualified(run, name)}"
            if run.log is not None:
                run.log(2, f"forcing proxy-throughput with {run.filename[6:]}")
            return False
        if flags.redirect:
            run.filename = self._qualified(run, name)
            run.status = flags.redirect
            if run.log is not None:
                run.log(2, f"explicitly forcing redirect with {run.filename}")
            return False
        if self._has_scheme(name):
            name = self._reduced(run, name)
        if scheme_length(name):
            run.filename = name
            run.status = flags.code
            if run.log is not None:
                # Apache leaves the bracket open.
                run.log(2, f"implicitly forcing redirect (rc={run.status} with {name}")
            return False
        if name.startswith("//") and not self._keeps_slashes and not run.has_prefix:
            name = "/" + name.lstrip("/")
        run.filename = name
        return True

    def _has_scheme(self, name: str) -> bool:
        return self._is_absolute or scheme_length(name) > 0

    def _qualified(self, run: Run, name: str) -> str:
        if self._has_scheme(name):
            return name
        path = name if name.startswith("/") else f"/{name}"
        return run.server.self_url(run.exchange, path)

    def _reduced(self, run: Run, name: str) -> str:
        """An absolute URL of this very server, cut to its path."""
        scheme, mark, rest = name.partition("://")
        if not mark or scheme.lower() != run.server.self_scheme(run.exchange):
            return name
        authority, slash, path = rest.partition("/")
        host, colon, port = authority.partition(":")
        number = int(port) if port.isascii() and port.isdigit() else 0
        if not colon:
            number = {"http": 80, "https": 443}[scheme.lower()]
        if not run.server.is_named(host.lower(), number):
            return name
        run.reduced = True
        reduced = f"/{path}" if slash else "/"
        if run.log is not None:
            run.log(3, f"reduce {name} -> {reduced}")
        return reduced
