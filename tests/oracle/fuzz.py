"""`python -m tests.oracle.fuzz [COUNT] [SEED]`: random requests and answers on both servers.

What differs is printed, each kind once, with the octets that showed it. Where revproxy refuses what
Apache takes it is merely counted: that is what it means to do (see docs/differences.md).
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.oracle.cases import Case, Group, Reply
from tests.oracle.outcome import Outcome, differences, run_group

CONFIG = """
DocumentRoot @DIR@
ProxyPass /app http://@ORIGIN@/inner disablereuse=On
ProxyPass /dir/ http://@ORIGIN@/dir/ disablereuse=On
ProxyPassMatch ^/m/(.*)$ http://@ORIGIN@/m/$1 disablereuse=On
ProxyPassReverse /app http://@ORIGIN@/inner
ProxyPassReverseCookiePath /inner /app
Header append X-Seen yes
Header edit X-Edit a b
RequestHeader merge X-Merge m
<Location /app/x>
    Header set X-Where x
</Location>
"""
METHODS = ["GET"] * 6 + ["POST", "HEAD", "PUT", "OPTIONS", "FROB", "get", "G(T", ""]
PATHS = [
    *(
        "/app",
        "/app/",
        "/app/x",
        "/app/x/y",
        "/dir",
        "/dir/",
        "/m/a",
        "/none",
        "/",
        "//app",
        "/app//x",
    ),
    *(
        "/app/../app/x",
        "/app/%41",
        "/app/%2e%2e/x",
        "/app/a%2fb",
        "/app/%00",
        "/app/%zz",
        "/app/;a=b",
    ),
    *("/m/%20 x", "/m/a?b", "/app?x=%20&y", "/app/\u00e4", "/app/%c3%a4", "http://h.test/app", "*"),
    *("/app/a'b\"c", "/app/[a]", "/app/a|b", "/m/%3f%23", "/app/./.", "/app/..", "/%61pp", "/APP"),
]
VERSIONS = ["HTTP/1.1"] * 8 + ["HTTP/1.0", "HTTP/1.0", "HTTP/1.2", "http/1.1", "HTTP/1.1 ", ""]
FIELDS = [
    *("X: y", "x: Y", "X-Merge: m", "X-Merge: a, b", "Cookie: a=b", "Cookie: c=d", "Accept: */*"),
    *("Connection: close", "Connection: keep-alive", "Connection: X, keep-alive", "TE: trailers"),
    *("Connection: Upgrade", "Upgrade: websocket", "Via: 1.0 a", "X-Forwarded-For: 1.2.3.4"),
    *("Max-Forwards: 3", "Max-Forwards: 0", "Expect: x", "If-None-Match: *"),
    *(
        "X : y",
        " X: y",
        "X",
        ": y",
        "X: a\n b",
        "X:",
        "X:\ty ",
        "X\u00e4: y",
        "X: \u00e4",
        "X: a\u0001",
    ),
    *("Host: b.test", "Host:", "Content-Length: 0", "Content-Length: 3", "Content-Length: x"),
    *(
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip",
        "Proxy-Authorization: x",
        "Proxy: x",
    ),
]
BODIES = ["", "", "abc", "3\nabc\n0\n\n", "3;x\nabc\n0\nT: t\n\n", "zz\n", "a"]
STATUSES = [
    *(
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK",
        "HTTP/1.0 200 OK",
        "HTTP/1.1 204 No",
        "HTTP/1.1 304 Not",
    ),
    *(
        "HTTP/1.1 302 Found",
        "HTTP/1.1 404 Lost",
        "HTTP/1.1 500 Oops",
        "HTTP/1.1 200",
        "HTTP/1.1 299 x",
    ),
    *("HTTP/1.1 103 Hints\n\nHTTP/1.1 200 OK", "HTTP/1.1 206 Part", "HTTP/1.1 401 Who"),
]
ANSWERS = [
    *("Content-Length: 3", "Transfer-Encoding: chunked", "Content-Type: text/plain", "X-Edit: aa"),
    *("Location: http://@ORIGIN@/inner/z", "Location: /inner/z", "Set-Cookie: a=b; Path=/inner"),
    *("Set-Cookie: c=d", "Connection: close", "Connection: X-Hop", "X-Hop: 1", "Keep-Alive: x"),
    *("X-Seen: no", "X-Seen: more", "Vary: a", "Vary: b, A", "Date: Sun, 06 Nov 1994 08:49:37 GMT"),
    *("Server: inner", "Last-Modified: Sunday, 06-Nov-94 08:49:37 GMT", "Expires: 0", "ETag: x"),
    *("Content-Language: de", "Content-Encoding: x", "WWW-Authenticate: Basic", "X: a\n b", "X:"),
    *("Accept-Ranges: bytes", "Via: 1.1 x", "Upgrade: h2c", "Trailer: t", "Age: 5", "Pragma: x"),
]


def request(chance: random.Random) -> str:
    """A request, most often nearly right."""
    words = [chance.choice(METHODS), chance.choice(PATHS), chance.choice(VERSIONS)]
    lines = ["Host: a.test"] if chance.random() < 0.95 else []
    lines += chance.sample(FIELDS, chance.choice((0, 0, 1, 1, 2, 3, 4)))
    chance.shuffle(lines)
    head = "\n".join([" ".join(words), *lines, "", ""])
    return head + (chance.choice(BODIES) if "Content-L" in head or "Transfer" in head else "")


def answer(chance: random.Random) -> Reply:
    """An answer, most often nearly right; the connection ends with it."""
    lines = chance.sample(ANSWERS, chance.choice((0, 1, 2, 3, 4, 5)))
    body = "3\nabc\n0\n\n" if "Transfer-Encoding: chunked" in lines else "abc"
    status = chance.choice(STATUSES)
    if status.split(" ")[1] in ("204", "304"):
        body = ""
    return Reply("\n".join([status, *lines, "", ""]) + body, then="close")


def cases(count: int, seed: int) -> list[Case]:
    """As many as asked for; every other one with a right request and a random answer."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        name = str(number)
        if number % 2:
            found.append(Case(name, "", (request(chance),), (), shutdown=True))
        else:
            method = chance.choice(("GET", "GET", "HEAD", "POST"))
            version = chance.choice(("1.1", "1.1", "1.1", "1.0"))
            text = f"{method} /app/x HTTP/{version}\nHost: a.test\n\n"
            found.append(Case(name, "", (text,), (answer(chance),), shutdown=True))
    return found


def main(count: int, seed: int) -> int:
    """Run both servers side by side; the number of kinds that differ."""
    group = Group("fuzz", "", CONFIG, {}, tuple(cases(count, seed)))
    with ThreadPoolExecutor(2) as pool:
        apache, ours = pool.map(lambda kind: run_group(group, kind), ("apache", "revproxy"))
    stricter = 0
    kinds: Counter[str] = Counter()
    for case in group.cases:
        one, other = apache[case.name], ours[case.name]
        if _refused(other) and one.get("status") != other.get("status"):
            stricter += 1
            continue
        found = differences(case, one, other)
        if one.get("status") == other.get("status") and _refused(one):
            # `request-line-as-received`, `malformed-chunks`.
            found = {name: text for name, text in found.items() if name in ("seen", "kept")}
        known = explained(case.requests[0], one, other, found) if found else ""
        if known:
            kinds[known] += 1
            continue
        if found:
            kind = f"{', '.join(found)}: {_statuses(one)} / {_statuses(other)}"
            kinds[kind] += 1
            if kinds[kind] == 1:
                print(f"--- {kind}\n{case.requests[0]!r}")
                for reply in case.origin:
                    print(f"    answered {reply.send!r}")
                for name, text in found.items():
                    print(f"  {name}:\n  {text}")
    print(
        f"{count} conversations (seed {seed}), {stricter} where revproxy is stricter; differences:"
    )
    for kind, number in kinds.most_common():
        print(f"{number:5} {kind}")
    return sum(":" in kind for kind in kinds)


def explained(request: str, one: Outcome, other: Outcome, found: dict[str, str]) -> str:
    """The entry of `docs/differences.md` that a difference falls under, "" for none."""
    said = [str((outcome.get("status") or [""])[0])[9:12] for outcome in (one, other)]
    if said[0] == "400" and not request.endswith("\n\n") and said[1] in ("200", "404", "417"):
        return "answers-before-the-body"
    if set(found) <= {"extra", "log"} and said[0] == said[1]:
        return "kept-after-421" if said[0] == "417" else "lone-line-feeds"
    coded = "('Transfer-Encoding', 'chunked')"
    if set(found) == {"headers"} and coded in str(one["headers"]) and request.startswith("HEAD"):
        return "heads-of-chunks"
    if set(found) == {"headers"} and "httpd/unix-directory" in str(one["headers"]):
        return "options-of-a-directory"
    return ""


def _statuses(outcome: Outcome) -> str:
    return " ".join(str(status)[9:12] or "0.9" for status in outcome.get("status", [])) or "closed"


def _refused(outcome: dict[str, Any]) -> bool:
    return any(status[9:12] in ("400", "501", "502", "505") for status in outcome.get("status", []))


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:3]]
    sys.exit(1 if main(*(arguments + [1000, 1][len(arguments) :])) else 0)
