"""`python -m tests.oracle.fuzz_access [REQUESTS] [SEED]`: random access rules on both servers.

Laws:
- Trees of Require, merged over sections, with Order, Satisfy and methods among them; each tree is
  a place of its own, and eight requests go to it. Mistakes are `config_access.toml`'s.
- What differs is printed with the sections and the request that showed it.
- The same count and seed give the same requests.
"""

from __future__ import annotations

import base64
import hashlib
import random
import sys
from collections.abc import Iterator

from tests.oracle.cases import Case, Group
from tests.oracle.outcome import Outcome, differences, run_group

REQUESTS = 8
"""Requests to one place."""
PLACES = 150
"""Places in one configuration."""
_LEAVES = [
    *("all granted", "all denied", "ip 127.0.0.1", "ip 10.0.0.1", "ip 127", "local", "env let"),
    *("user alice", "user bob", "user alice bob", "group g", "group h", "valid-user"),
    *("method GET", "method POST", "host localhost", "forward-dns localhost"),
    *('expr "-n %{HTTP:X}"', "expr \"%{REMOTE_USER} == 'bob'\""),
]
_FROM = ["all", "127.0.0.1", "10.0.0.1", "env=let", "env=!let", "localhost"]
_HEAD = "DocumentRoot @DIR@/docs\nSetEnvIf X let let\n"
_LOGIN = "AuthType Basic\nAuthName r\nAuthUserFile @DIR@/pw\nAuthGroupFile @DIR@/gr\n"


def _hashed(password: str) -> str:
    return "{SHA}" + base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()


def _login(word: str) -> str:
    return f"Authorization: Basic {base64.b64encode(word.encode()).decode()}\n"


_FILES = {
    "pw": f"alice:{_hashed('a')}\nbob:{_hashed('b')}\n",
    "gr": "g: alice\nh: alice bob\n",
    "docs/x": "x",
}
_FIELDS = ["", "", "X: let\n", "X: q\n"]
_LOGINS = ["", *map(_login, ("alice:a", "bob:b", "alice:no", "eve:x"))]


class Access:
    """Random places and what is asked of them."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def groups(self, requests: int) -> Iterator[tuple[Group, dict[str, str]]]:
        """Configurations with their requests, and the sections of each case."""
        left = max(1, requests // REQUESTS)
        while left > 0:
            places = [self._place(f"/l{number}") for number in range(min(left, PLACES))]
            left -= len(places)
            cases: list[Case] = []
            shown: dict[str, str] = {}
            for number, place in enumerate(places):
                for turn in range(REQUESTS):
                    name = f"{number} {turn}"
                    shown[name] = place
                    cases.append(Case(name, "", (self._request(number),), (), shutdown=True))
            yield Group("access", "", _HEAD + "".join(places), _FILES, tuple(cases)), shown

    def _place(self, path: str) -> str:
        chance = self._chance
        text = "" if chance.random() < 0.1 else f"<Location {path}>\n{_LOGIN}</Location>\n"
        text += self._section(path)
        if chance.random() < 0.6:
            text += self._section(f"{path}/a")
        if chance.random() < 0.3:
            text += self._section(f"{path}/a/b")
        return text

    def _section(self, path: str) -> str:
        chance = self._chance
        lines = [f"<Location {path}>"]
        if chance.random() < 0.3:
            lines.append(f"Satisfy {chance.choice(('Any', 'All'))}")
        if chance.random() < 0.3:
            lines.append(f"AuthMerging {chance.choice(('And', 'Or', 'Off'))}")
        if chance.random() < 0.2:
            lines.append("AuthzSendForbiddenOnFailure On")
        if chance.random() < 0.35:
            lines.append(f"Order {chance.choice(('deny,allow', 'allow,deny'))}")
            lines += [
                f"{chance.choice(('Allow', 'Deny'))} from {chance.choice(_FROM)}"
                for _ in range(chance.choice((0, 1, 2)))
            ]
        rules = self._rules("Any", 0)
        around = chance.random()
        if around < 0.15:
            rules = ["<Limit POST>", *rules, "</Limit>"]
        elif around < 0.25:
            rules = ["<LimitExcept GET>", *rules, "</LimitExcept>"]
        return "\n".join([*lines, *rules, "</Location>", ""])

    def _rules(self, kind: str, depth: int) -> list[str]:
        """The lines of a container; what can only deny stands behind what can grant."""
        chance = self._chance
        lines: list[str] = []
        grants = False
        for _ in range(chance.choice((1, 1, 2, 2, 3))):
            if depth < 3 and chance.random() < 0.3:
                kinds = ("All", "Any", "None") if kind == "All" and grants else ("All", "Any")
                inner = chance.choice(kinds)
                lines += [
                    f"<Require{inner}>",
                    *self._rules(inner, depth + 1),
                    f"</Require{inner}>",
                ]
                grants = grants or inner != "None"
                continue
            leaf = chance.choice(_LEAVES)
            negates = kind == "All" and grants and not leaf.startswith("all")
            negates = negates and chance.random() < 0.4
            lines.append(f"Require {'not ' if negates else ''}{leaf}")
            grants = grants or not negates
        return lines

    def _request(self, number: int) -> str:
        chance = self._chance
        path = f"/l{number}{chance.choice(('', '/a', '/a/b'))}"
        method = chance.choice(("GET", "GET", "GET", "POST", "HEAD", "PUT"))
        fields = chance.choice(_LOGINS) + chance.choice(_FIELDS)
        fields += "Content-Length: 0\n" if method in ("POST", "PUT") else ""
        return f"{method} {path} HTTP/1.1\nHost: www.example.test\n{fields}Connection: close\n\n"


def compared(group: Group) -> Iterator[tuple[Case, Outcome, Outcome, dict[str, str]]]:
    """Run both servers: what they came to, and what is not the same."""
    apache, ours = (run_group(group, kind) for kind in ("apache", "revproxy"))
    for case in group.cases:
        one, other = apache[case.name], ours[case.name]
        found = differences(case, one, other)
        # Lines of the log that come late count as the next request's.
        found.pop("log", None)
        yield case, one, other, found


def main(requests: int, seed: int) -> int:
    """Compare that many requests; how many differ."""
    bad = 0
    for group, shown in Access(seed).groups(requests):
        for case, _one, _other, found in compared(group):
            if found:
                bad += 1
                print(f"---\n{shown[case.name]}{case.requests[0]!r}")
                for name, text in found.items():
                    print(f"  {name}:\n  {text}")
    print(f"{requests} requests (seed {seed}): {bad} differ")
    return bad


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:3]]
    sys.exit(1 if main(*(arguments + [1000, 1][len(arguments) :])) else 0)
