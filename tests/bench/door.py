"""The front door: who comes in costs little, and who dawdles there holds nobody up."""

from __future__ import annotations

import bcrypt

from tests.bench.contest import Bench, Row
from tests.bench.load import Wrk
from tests.bench.processes import free_port
from tests.bench.servers import MANY, THREADS, Contender, apache, revproxy
from tests.bench.stress import dawdlers, p99

_AUTH = ("authn_core", "authn_file", "auth_basic", "authz_user")
_LOGIN = "joe:a password"


def basic(bench: Bench) -> list[Row]:
    """A GET with a password whose hash is bcrypt's, at the cost that `htpasswd -B` takes."""
    users = bench.directory / "users"
    name, _, password = _LOGIN.partition(":")
    stored = bcrypt.hashpw(password.encode(), bcrypt.gensalt(5)).decode()
    users.write_text(f"{name}:{stored.replace('$2b$', '$2y$')}\n")
    lines = f"""<Location />
AuthType Basic
AuthName front
AuthUserFile {users}
Require valid-user
</Location>
ProxyPass / http://127.0.0.1:{bench.origin_port}/
"""
    wrk = Wrk(login=_LOGIN)
    script = wrk.script(bench.directory)
    return bench.measure(
        "basic",
        _contenders(bench, lines, THREADS, _AUTH),
        lambda port: wrk.burst(port, bench.seconds, script, bench.load_cores),
        target=0.2,
    )


def flood(bench: Bench) -> list[Row]:
    """How long others wait beside 1,000 clients, half of them slow heads, half slow bodies."""
    rows = []
    lines = (
        f"ProxyPass /take http://127.0.0.1:{bench.sink_port}/take\n"
        f"ProxyPass / http://127.0.0.1:{bench.origin_port}/\n"
    )
    for one in _contenders(bench, lines, MANY, ()):
        with bench.start(one), dawdlers(one.port, 1000, bodies=500):
            value = p99(one.port, 500, 2.0)
        target = 50.0 if one.name == "revproxy" else None
        rows.append(Row("flood", one.name, value, "ms (p99)", None, target))
    return rows


def _contenders(
    bench: Bench, lines: str, threads: dict[str, int], more: tuple[str, ...]
) -> list[Contender]:
    found = [
        apache(bench.place("apache"), free_port(), lines, threads, more),
        revproxy(bench.place("revproxy"), free_port(), lines),
    ]
    return [one for one in found if one.name in bench.names]
