"""`python -m tests.oracle.fuzz_rules [PAIRS] [SEED]`: random rule sets and URLs on both servers.

Laws:
- A rule set is a virtual host of its own, and ten requests go to each; a server is started for
  fifty of them.
- Each kind of difference is printed once, with the rules and the request that showed it.
- The same count and seed give the same pairs.
"""

from __future__ import annotations

import random
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.oracle.cases import Case, Group
from tests.oracle.outcome import Outcome, differences, run_group_in

REQUESTS = 10
"""Requests to one rule set."""
HOSTS = 50
"""Rule sets in one configuration."""
FILES = {
    "docs/index.html": "top",
    "docs/a.html": "a",
    "docs/a/index.html": "in a",
    "docs/a/b.txt": "b",
    "docs/b/1.txt": "one",
    "docs/c": "c",
    "docs/x/a.html": "x",
    "docs/x/b": "xb",
    "other/a.html": "other",
    "other/b/c.txt": "c",
    "map.txt": "a alpha\nb /b/1.txt\n1 one\nempty -\nx a?b=c\n",
}
_COMMON = """
RewriteMap t txt:@DIR@/map.txt
RewriteMap low int:tolower
RewriteMap esc int:escape
RewriteMap une int:unescape
"""
_ANCHORED = [
    *("^/(.*)$", "^/a/(.*)", "^/([a-z]+)/([0-9]+)", "^/(a|b)(/.*)?$", "^/$", "^/b", "^/x(/?)(.*)"),
    *("^/([^/]*)/?(.*)$", "^/al/(.*)", "^/pp", "^/a\\.html$", "^/(.)(.)?", "^/%", "^/.*[?].*"),
]
_LOOSE = [
    *("^(.*)$", "(.*)", ".", "^", "$", "\\.html$", "([^/]+)$", "(^|/)c", "^a", "^a/(.*)$", "b"),
    *("^([a-z]*)(.*)$", "([0-9]+)", "A", "[A-Z]", "^$", "^index\\.html$", "\\s", "[^\\x20-\\x7e]"),
    *("^(a|b|x)/(.+)$", "(?i)HTML", "^.{1,3}$", "(.+)\\.(html|txt)$", "/", "//", "^(.*?)(/.*)?$"),
]
_WHOLE = [
    *("-", "-", "-", "/$1", "$1", "/b/$1", "/a.html", "/x/$1", "/x/$1?q=$2", "/$2/$1", "x$1"),
    *("/a?", "?", "/c?x=1", "/c?x=%{QUERY_STRING}", "/c?%1", "/%1", "%1", "/a/../b/$1", "../$1"),
    *("http://other.test/$1", "http://other.test", "http://@HOST@/$1", "https://o.test/?$1"),
    *("%{REQUEST_URI}", "%{REQUEST_URI}/z", "%{REQUEST_FILENAME}.html", "/${low:$1}", "/$1&$2"),
    *("/${t:$1}", "${t:$1|/c}", "/x/${t:$2|$1}", "/${esc:$1}", "/${une:$1}", "/${t:none|%{ENV:V}}"),
    *(
        "@DIR@/docs/$1",
        "@DIR@/other/a.html",
        "@DIR@/docs/a.html?y",
        "//x/$1",
        "/a%20b/$1",
        "/%3f$1",
    ),
    *("/\\$1", "/$", "/a#b", "/$1#f", "/\\%{REQUEST_URI}", "a.html", "b/$1", "./a.html", "/?$1?$2"),
    *("/al/$1", "/pp/$1", "/a//b", "/x/b/", "/$1/", "mailto:$1", "/a;b=$1", "/$0", "/$9", "/a+$1"),
    *("http:/$1", "/http://o.test/$1", "%{HTTP_HOST}/$1", "/'$1'", "/a:$1", "/&", "/%2e%2e/$1"),
    *('"/a b/$1"', '"/c?a b"', "/a\\ b", "/%{REQUEST_METHOD}/$1", "/%{TIME_YEAR}x", "/a?$1&", "/?"),
]
_ORIGIN = [
    *("http://@ORIGIN@/$1", "http://@ORIGIN@/in$1?$2", "http://@ORIGIN@%{REQUEST_URI}"),
    *("http://@ORIGIN@/a/$1/", "http://@ORIGIN@/", "http://@ORIGIN@", "http://@ORIGIN@/?u=$1"),
    *("http://@ORIGIN@/a b$1".replace(" ", "%20"), "http://@ORIGIN@/${low:$1}"),
]
_FLAGS = [
    *("L", "L", "L", "L", "R", "R=301", "R=307", "R=404", "R=200", "F", "G", "END", "C", "S=1"),
    *("S=2", "NC", "NC", "NE", "NE", "QSA", "QSA", "QSD", "QSL", "PT", "PT", "B", "BNP", "BCTLS"),
    *("B= ?", "BNE=/", "DPI", "E=V:$1", "E=W", "E=!V", "E=V:%{REQUEST_URI}", "N=3", "N=5", "NS"),
    *("CO=n:$1:.a.test", "T=text/plain", "UnsafeAllow3F", "UnsafeAllow3F", "UnsafePrefixStat"),
    *("UNC", "redirect=303", "last", "nocase", "noescape", "B=#?;"),
]
_MORE_FLAGS = [
    *(
        "R=permanent",
        "R=seeother",
        "R=410",
        "R=500",
        "R=308",
        "N=2",
        "CO=n:v:.a.test:0:/p:secure:httponly:lax",
    ),
    *(
        "E=V:${low:$1}",
        "E=V",
        "E=X:%{ENV:V}$1",
        "T=text/$1",
        "CO=;m;a:b;a.test;0",
        "forbidden",
    ),
    *(
        "B,BNE=/",
        "BCTLS,BNE=%",
        "B=&",
        "skip=1",
        "S=9",
        "chain",
        "qsappend",
        "passthrough",
        "env=V:%{REQUEST_METHOD}",
    ),
]
_SUBJECTS = [
    *("%{REQUEST_URI}", "%{REQUEST_FILENAME}", "%{QUERY_STRING}", "%{HTTP_HOST}", "%{THE_REQUEST}"),
    *("%{HTTP:X}", "%{HTTP_USER_AGENT}", "%{ENV:V}", "%{REQUEST_METHOD}", "$1", "$0", "%1", "%0"),
    *("%{PATH_INFO}", "%{SERVER_PORT}", "%{SERVER_NAME}", "%{REQUEST_SCHEME}", "%{HTTPS}", "a$1b"),
    *("%{DOCUMENT_ROOT}/$1", "%{DOCUMENT_ROOT}%{REQUEST_URI}", "%{IS_SUBREQ}", "${t:$1}", "x%1"),
    *(
        "%{CONTEXT_PREFIX}",
        "%{REMOTE_ADDR}",
        "%{HTTP_COOKIE}",
        "%{ENV:REDIRECT_STATUS}",
        "%{UNKNOWN}",
    ),
    *("%{LA-U:REQUEST_FILENAME}", "%{SCRIPT_FILENAME}", "%{SERVER_PROTOCOL}", "${low:%{HTTP:X}}"),
]
_MORE_SUBJECTS = [
    *(
        "%{REQUEST_SCHEME}",
        "%{CONTEXT_DOCUMENT_ROOT}",
        "%{REMOTE_USER}",
        "%{AUTH_TYPE}",
        "%{HTTP_FORWARDED}",
    ),
    *(
        "%{HTTP:User-Agent}",
        "%{LA-F:REQUEST_FILENAME}",
        "%{LA-U:QUERY_STRING}",
        "%{ENV:SCRIPT_URL}",
        "%{SSL:HTTPS}",
    ),
    *(
        "%{ENV:REDIRECT_SCRIPT_URL}",
        "%{ENV:REDIRECT_V}",
        "%{HTTP_REFERER}",
        "%{SERVER_ADDR}",
        "%{CONN_REMOTE_ADDR}",
    ),
    *(
        "%{SERVER_ADMIN}",
        "%{ENV:SCRIPT_URI}",
        "%{LA-U:ENV:V}",
        "%{HTTP:None}",
        "%{REMOTE_HOST}",
        "%{ENV:S}",
    ),
]
_TESTS = [
    *(
        "^/a",
        "a",
        "(.*)",
        "^(.)(.*)$",
        "^$",
        ".",
        "=",
        "=a",
        "=x=1",
        "<b",
        ">b",
        "<=/b",
        ">=/a",
        "!a",
    ),
    *(
        "!^/b",
        "-f",
        "!-f",
        "-d",
        "!-d",
        "-s",
        "-l",
        "-x",
        "-F",
        "-U",
        "-eq 1",
        "-lt5",
        "-ge80",
        "!-gt2",
    ),
    *("(a|b)=([0-9]+)", "^x", "html$", "!=", "!=a", "on", "^GET", "([A-Z]+)", '=""', "-ne0", "!-U"),
]
_EXPRESSIONS = [
    *("%{REQUEST_URI} =~ m#^/(a|b)#", "true", "false", "%{QUERY_STRING} == 'a=1'", "-n %{HTTP:X}"),
    *(
        "%{REQUEST_METHOD} in {'GET','POST'}",
        "! -z env('V')",
        "tolower(%{HTTP:X}) == 'y'",
        "-T %{HTTPS}",
    ),
]
_MORE_EXPRESSIONS = [
    *(
        "%{REQUEST_FILENAME} -strmatch '*.html'",
        "-f %{REQUEST_FILENAME}",
        "%{QUERY_STRING} =~ /(.)=(.)/",
    ),
    *(
        "env('V') != ''",
        "reqenv('V') == 'y'",
        "-R '127.0.0.1'",
        "%{HTTP_HOST} -strcmatch 'S*'",
        "%{IS_SUBREQ} == 'true'",
    ),
    *(
        "-U '/a.html'",
        "-F '/none'",
        "req('X') in {'y','a'}",
        "%{CONTEXT_PREFIX} == '/al'",
        "1 -lt 2 && !false",
    ),
]
_MORE_PATTERNS = [
    *(
        "(?i)A",
        "[[:alpha:]]+",
        "^/?(?<n>[a-z]+)",
        "(?<=a)/",
        "^(?:/?a|/?x)/\\K(.*)",
        "\\.(?>html?|txt)$",
        "^/?\\Qa.\\E",
    ),
    *("(.)\\1", "^(?!/?a)", "\\bb\\b", "^.*+$", "(?s).$", "[^[:punct:]]$", "^/?(a)?(?(1)\\.|b)"),
]
_PATHS = [
    *("/", "/a", "/a/", "/a.html", "/a/b.txt", "/b/1.txt", "/c", "/x/a.html", "/x/b", "/x/b/more"),
    *("/none", "/A", "/a.HTML", "/a/b.txt/info", "/b/12", "/a%20b", "/a%3fb", "/a%3Fb=c", "/a%25b"),
    *("/a%2fb", "/a+b", "/a;p=1", "/a&b", "//a", "/a//b", "/a/../c", "/%61.html", "/a:b", "/a'b"),
    *(
        "/%c3%a4",
        "/a%0ab",
        "/al/a.html",
        "/al/b/c.txt",
        "/al",
        "/pp/x",
        "/index.html",
        "/x/",
        "/a%23b",
    ),
    *(
        "/al/b",
        "/empty",
        "/x/x/x",
        "/a%26b",
        "/http://o.test/",
        "/a@b",
        "/a,b",
        "/aa/12/c",
        "/~a",
        "/a$b",
    ),
]
_QUERIES = [
    "",
    "",
    "",
    "",
    "?",
    "?a=1",
    "?x=1&y=2",
    "?q=%20",
    "?a?b",
    "?b=2&",
    "?http://o.test/",
    "?a%3fb",
]
_FIELDS = ["X: y", "X: a", "X: Y, a=7", "Cookie: a=1", "User-Agent: axis", "Accept: a", "X: /b"]
_OPTIONS = [
    *("AllowAnyURI", "LegacyPrefixDocRoot", "AllowNoSlash", "MergeBase", "IgnoreContextInfo"),
    *("IgnoreInherit", "Inherit", "InheritBefore", "InheritDown", "InheritDownBefore"),
]
_SECTIONS = [
    *("<Directory @DIR@/docs>", "<Directory @DIR@/docs/>", "<Directory @DIR@/docs/a>"),
    *("<Directory @DIR@/other>", "<Location />", "<Location /a>", "<Location /x/>", "<If true>"),
    *("<Files a.html>", "<LocationMatch ^/(a|b)>", "<DirectoryMatch /docs>", '<If "-n %{HTTP:X}">'),
]


_AHEAD = ("%{LA-U:", "%{LA-F:", " -U", " -F", "!-U", "!-F")


_SERVER_LINES = [
    *(
        "SetEnvIf X ^(.) S=$1",
        "ErrorDocument 404 /a.html",
        "ErrorDocument 403 /none",
        "Redirect /c http://o.test/c",
    ),
    *(
        "AliasMatch ^/am/(.*) @DIR@/other/$1",
        "RedirectMatch ^/rm(.*) /b$1",
        "DirectoryIndex a.html index.html",
    ),
    *(
        "FallbackResource /a.html",
        "ErrorDocument 500 text",
        "AddType text/x-a .html",
        "AcceptPathInfo On",
    ),
    *("<Files b.txt>\nHeader set X-F b\n</Files>", "SetEnv V fixed", "DirectorySlash Off"),
]
_OVERRIDES = ["All", "All", "All", "FileInfo", "FileInfo Options", "None", "Indexes"]


class RuleSets:
    """Random virtual hosts and what is asked of them."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def host(self, name: str) -> tuple[str, dict[str, str]]:
        """A virtual host with rules, and the files of its own: a tree with access files."""
        chance = self._chance
        files = self._tree(name) if chance.random() < 0.3 else {}
        root = name if files else "docs"
        lines = [f"<VirtualHost *>\nServerName {name}\nDocumentRoot @DIR@/{root}\nRewriteEngine On"]
        if files:
            override = chance.choice(_OVERRIDES)
            lines.append(f"<Directory @DIR@/{root}>\nAllowOverride {override}\n</Directory>")
        lines.append(_COMMON)
        if chance.random() < 0.3:
            lines += chance.sample(_SERVER_LINES, chance.choice((1, 1, 2)))
        if chance.random() < 0.2:
            lines.append(f"RewriteOptions {chance.choice(_OPTIONS)}")
        if chance.random() < 0.5:
            lines.append("Alias /al @DIR@/other")
        if chance.random() < 0.2:
            lines.append("ProxyPass /pp http://@ORIGIN@/pp")
        if chance.random() < 0.6:
            lines += self._rules(in_section=False)
        for section in chance.sample(_SECTIONS, chance.choice((0, 0, 1, 1, 2))):
            lines += self._section(section)
        text = "\n".join([*lines, *files.values()])
        if "N=" in text and any(word in text for word in _AHEAD):
            # Rules that look ahead to themselves again and again take a power of this.
            lines.append("LimitInternalRecursion 4")
        text = "\n".join([*lines, "</VirtualHost>", ""]).replace("@HOST@", name)
        return text.replace("@DIR@/docs", f"@DIR@/{root}"), files

    def _tree(self, name: str) -> dict[str, str]:
        """A host's own files, with access files among them."""
        chance = self._chance
        files = {path.replace("docs", name, 1): text for path, text in FILES.items()}
        for place in chance.sample(("", "a/", "x/", "b/"), chance.choice((1, 1, 2))):
            lines = [line for line in self._section("<Directory>") if "<" not in line]
            if chance.random() < 0.2:
                lines.append(chance.choice(_SERVER_LINES[:1] + _SERVER_LINES[-4:]))
            # The places that differ between servers stand in no access file.
            text = "\n".join([*lines, ""]).replace("@DIR@/docs", "").replace("@DIR@", "")
            text = text.replace("@ORIGIN@", "o.test").replace("@HOST@", name)
            files[f"{name}/{place}.htaccess"] = text
        return files

    def _section(self, opening: str) -> Iterator[str]:
        chance = self._chance
        yield opening
        yield "RewriteEngine On"
        if chance.random() < 0.3:
            yield f"RewriteBase {chance.choice(('/', '/a', '/x/', '/al/', '/z'))}"
        if chance.random() < 0.2:
            yield f"RewriteOptions {chance.choice(_OPTIONS)}"
        yield from self._rules(in_section=True)
        yield f"</{opening[1:].split(' ', maxsplit=1)[0].rstrip('>')}>"

    def _rules(self, *, in_section: bool) -> Iterator[str]:
        for _ in range(self._chance.choice((1, 1, 2, 2, 3, 4))):
            conditions = self._chance.choice((0, 0, 0, 1, 1, 2))
            for number in range(conditions):
                yield self._condition(last=number + 1 == conditions)
            yield self._rule(in_section=in_section)

    def _condition(self, *, last: bool) -> str:
        chance = self._chance
        # With an OR that nothing follows Apache reads on behind the conditions.
        flags = [flag for flag in ("NC", "NV", "OR")[: 3 - last] if chance.random() < 0.2]
        tail = f" [{','.join(flags)}]" if flags else ""
        if chance.random() < 0.1:
            expression = chance.choice(_EXPRESSIONS + _MORE_EXPRESSIONS)
            return f'RewriteCond expr "{expression}"{tail}'
        test = chance.choice(_TESTS)
        test = f'"{test}"' if " " in test else test
        return f"RewriteCond {chance.choice(_SUBJECTS + _MORE_SUBJECTS)} {test}{tail}"

    def _rule(self, *, in_section: bool) -> str:
        chance = self._chance
        patterns = _LOOSE if chance.random() < (0.8 if in_section else 0.4) else _ANCHORED
        pattern = chance.choice(_MORE_PATTERNS if chance.random() < 0.15 else patterns)
        if chance.random() < 0.1:
            pattern = f"!{pattern}"
        flags = chance.sample(_FLAGS + _MORE_FLAGS, chance.choice((0, 1, 1, 1, 2, 2, 3)))
        output = chance.choice(_WHOLE)
        if chance.random() < 0.12:
            output = chance.choice(_ORIGIN)
            flags.append("P")
        if in_section and "L" in flags and chance.random() < 0.5:
            flags.append("END")
        tail = f" [{','.join(flags)}]" if flags else ""
        return f"RewriteRule {pattern} {output}{tail}".replace("B= ?", "B=?")

    def request(self, host: str) -> str:
        """A request to a virtual host."""
        chance = self._chance
        path = chance.choice(_PATHS)
        if chance.random() < 0.1:
            path += chance.choice(_PATHS)
        method = chance.choice(("GET", "GET", "GET", "GET", "GET", "HEAD", "POST"))
        lines = [f"{method} {path}{chance.choice(_QUERIES)} HTTP/1.1", f"Host: {host}"]
        lines += chance.sample(_FIELDS, chance.choice((0, 0, 1, 1, 2)))
        lines += ["Content-Length: 0"] if method == "POST" else []
        return "\n".join([*lines, "Connection: close", "", ""])

    def groups(self, pairs: int) -> Iterator[tuple[Group, dict[str, str]]]:
        """Configurations with their requests, and the text of each virtual host."""
        left = max(1, pairs // REQUESTS)
        number = 0
        while left > 0:
            hosts: dict[str, str] = {}
            shown: dict[str, str] = {}
            files = dict(FILES)
            found: list[Case] = []
            for _ in range(min(left, HOSTS)):
                name = f"s{number}.test"
                number += 1
                text, own = self.host(name)
                hosts[name] = text
                files |= own
                access = [item for item in own.items() if item[0].endswith(".htaccess")]
                shown[name] = text + "".join(f"# {path}:\n{rules}" for path, rules in access)
                found += [
                    Case(f"{name} {turn}", "", (self.request(name),), (), shutdown=True)
                    for turn in range(REQUESTS)
                ]
            left -= len(hosts)
            head = "<Directory @DIR@>\nOptions FollowSymLinks\n</Directory>\n"
            yield Group("rules", "", head + "".join(hosts.values()), files, tuple(found)), shown


def compared(group: Group) -> Iterator[tuple[Case, Outcome, Outcome, dict[str, str]]]:
    """Run both servers, one after the other: what they came to, and what is not the same.

    Both in a directory of the same name: patterns see it, and references take pieces of it.
    """
    with TemporaryDirectory(prefix="rules-") as name:
        apache, ours = (_run(Path(name) / "site", group, kind) for kind in ("apache", "revproxy"))
    for case in group.cases:
        one, other = apache[case.name], ours[case.name]
        yield case, one, other, differences(case, one, other)


def _run(directory: Path, group: Group, kind: str) -> dict[str, Outcome]:
    directory.parent.chmod(0o755)
    directory.mkdir()
    try:
        return run_group_in(directory, group, kind)
    finally:
        shutil.rmtree(directory)


def explained(rules: str, one: Outcome, other: Outcome) -> str:
    """The entry of `docs/differences.md` that a difference falls under, "" for none."""
    said = [outcome.get("status") for outcome in (one, other)]
    codes = [(status or ["HTTP/1.1 000"])[0][9:12] for status in said]
    pages = "".join(one.get("body", []) + other.get("body", []))
    same = {name: value for name, value in one.items() if other.get(name) != value}
    if not said[0]:
        # Its rules call themselves until the child process ends.
        return "looking-ahead-has-an-end"
    if codes == ["500", "500"] and one.get("framing") != other.get("framing"):
        return "answers-with-invalid-fields"
    if codes[0] == codes[1] and ("Additionally, a" in pages or set(same) == {"log"}):
        return "errors-of-error-documents"
    if codes[0] != codes[1] == _logged(one) != codes[0]:
        # It names the first of two errors, and logs the other.
        return "errors-of-error-documents"
    if "404" in codes and "<Files" in rules:
        return "files-in-no-directory"
    if codes[0] == "400" and any(" /?" in str(seen) for seen in other.get("seen", [])):
        return "queries-behind-hosts"
    if codes[0] < "400" <= codes[1] and len(one.get("seen", [])) == 1:
        # The origin's page of an ErrorDocument.
        return "status-of-error-documents"
    return ""


def _logged(outcome: Outcome) -> str:
    """The status in the log."""
    lines = outcome.get("log") or [""]
    return str(lines[-1]).partition(' HTTP/1.1" ')[2][:3]


def _statuses(outcome: Outcome) -> str:
    return " ".join(str(status)[9:12] for status in outcome.get("status", [])) or "closed"


def main(pairs: int, seed: int) -> int:
    """Compare that many pairs; the number of kinds that differ."""
    kinds: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for group, hosts in RuleSets(seed).groups(pairs):
        for case, one, other, found in compared(group):
            statuses[_statuses(one)] += 1
            if not found:
                continue
            name = case.name.split(" ")[0]
            known = explained(hosts[name], one, other)
            if known:
                kinds[known] += 1
                continue
            kind = f"{', '.join(found)}: {_statuses(one)} / {_statuses(other)}"
            kinds[kind] += 1
            if kinds[kind] == 1:
                rules = hosts[name].replace(_COMMON, "")
                print(f"--- {kind}\n{rules}{case.requests[0]!r}")
                for name, text in found.items():
                    print(f"  {name}:\n  {text}")
    print(f"{pairs} pairs (seed {seed}), Apache's statuses: {dict(statuses.most_common())}")
    print(f"{sum(kinds.values())} pairs differ:")
    for kind, number in kinds.most_common():
        print(f"{number:5} {kind}")
    return sum(":" in kind for kind in kinds)


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:3]]
    sys.exit(1 if main(*(arguments + [1000, 1][len(arguments) :])) else 0)
