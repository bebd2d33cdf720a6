"""The canonical layout: it looks as it should, means what it meant, and stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.config.catalogue import catalogue
from revproxy.config.grammar import parse_line
from revproxy.config.lines import Source, logical_lines
from revproxy.config.read import read_text
from revproxy.config.tree import Directive
from revproxy.layout.canonical import laid_out
from revproxy.rewrite.arguments import split

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("examples", "tests/lint/rules", "docs")
    for path in (ROOT / folder).rglob("*.conf")
)

BEFORE = """


# first
 listen   80
<virtualhost   *:80 >

  # inside
servername  "a b"   c\t
   ProxyPass /x \\
  http://b.test/x     retry=0 \\
          timeout=5
    RewriteRule   ^/a   /b   [L]
    rewriterule   ^/a\\   b   /b
   require   expr  "a  b"  ==   'c'
LOGFORMAT "%h   %l"    common


      <If "%{HTTP_HOST}   == 'x'" >
require   all granted
      </If>
    <Location /a > junk
    </Location>
   Header  set  X "${A   B}"

</VirtualHost>
<Macro  M  $a>
proxypass   $a   http://b/
</Macro>

unknown   a   b \\
   c
"""
AFTER = """# first
Listen 80
<VirtualHost *:80>
    # inside
    ServerName "a b" c
    ProxyPass /x \\
        http://b.test/x retry=0 \\
        timeout=5
    RewriteRule ^/a /b [L]
    RewriteRule ^/a\\   b   /b
    Require expr  "a  b"  ==   'c'
    LogFormat "%h   %l" common

    <If "%{HTTP_HOST}   == 'x'">
        Require all granted
    </If>
    <Location /a > junk
    </Location>
    Header  set  X "${A   B}"
</VirtualHost>
<Macro M $a>
    proxypass   $a   http://b/
</Macro>

unknown   a   b \\
   c
"""


def test_how_it_looks():
    assert laid_out(BEFORE) == AFTER


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("\n \n", ""),
        ("keepalive on", "KeepAlive on\n"),
        ("keepalive on\r\n</x>\n", "KeepAlive on\r\n</x>\r\n"),
        ("\xef\xbb\xbf<ifmodule x>\nFoo\n", "\xef\xbb\xbf<IfModule x>\n    Foo\n"),
        # A backslash that joins nothing must not begin to.
        ("ServerAdmin a\\ \nlisten 80", "ServerAdmin a\\ \nListen 80\n"),
        ("# x\\ \nlisten 80", "# x\\ \nListen 80\n"),
        ("# x\\\nlisten 80\n", "# x\\\nlisten 80\n"),
        ("listen 80 \\\n", "Listen 80\n"),
        ("listen 80 \\", "Listen 80 \\ \n"),
        ("serveradmin a\\\nb\n", "serveradmin a\\\nb\n"),
        ('setenv x "a\\\n  b"\n', 'setenv x "a\\\n  b"\n'),
        # Tags that fit nothing.
        ("</Location>\n<Location /a>\n</Locatoin>\nFoo\n", None),
        ("<Location /a>\n<Files b>\n</Location>\nlisten 80\n", None),
    ],
)
def test_corners(before, after):
    new = laid_out(before)
    assert after is None or new == after
    assert laid_out(new) == new
    assert meaning(new) == meaning(before)


def test_tabs():
    assert laid_out("<Location /a>\nrequire all granted\n", indent="\t").splitlines()[1] == (
        "\tRequire all granted"
    )


def meaning(text: str) -> list[object]:
    """What Apache sees: each logical line's name, words and, where it looks at it, raw rest."""
    found: list[object] = []
    for line in logical_lines(Source("f", text)):
        parsed = parse_line(line)
        entry = catalogue().directives.get(parsed.name.lower())
        takes_raw = entry is None or (entry.style == "RAW_ARGS" and parsed.name.lower() in TAKE_RAW)
        is_section = parsed.kind == "open" and parsed.name.lower() not in ("if", "elseif")
        found.append(
            (
                parsed.kind,
                parsed.name.lower(),
                [word.text for word in parsed.args],
                None if is_section or not takes_raw else rest(parsed),
                parsed.end and parsed.end.rstrip(),
            )
        )
    return found


def rest(parsed):
    """The rest of a line as its directive takes it apart."""
    if parsed.name.lower().startswith("rewrite"):
        return split(parsed.raw)
    if parsed.name.lower() == "require" and "expr" not in parsed.raw.lower():
        return None
    return parsed.raw


TAKE_RAW = {"error", "require", "rewritecond", "rewriterule", "sslrequire", "use"}


def comments(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.lstrip().startswith("#")]


def tree(directives: list[Directive]) -> list[object]:
    return [
        (item.key, item.values, tree(item.children) if item.children is not None else None)
        for item in directives
    ]


def holds(text: str) -> None:
    new = laid_out(text)
    assert laid_out(new) == new
    assert meaning(new) == meaning(text)
    before, after = (read_text(one, environ={"X": "1"}) for one in (text, new))
    assert tree(after.directives) == tree(before.directives)
    assert after.defines == before.defines


@pytest.mark.parametrize("text", ["\\\0", "a\0 b\nListen  80\n", "Listen  80\n\0"])
def test_what_has_a_nul_is_no_text_and_stays(text):
    assert laid_out(text) == text
    holds(text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-2:]))
def test_files_keep_their_meaning(path):
    text = path.read_bytes().decode("latin-1")
    holds(text)
    assert comments(laid_out(text)) == comments(text)


def test_debians_files_keep_their_meaning():
    for path in sorted(Path("/etc/apache2").rglob("*.conf")):
        holds(path.read_bytes().decode("latin-1"))


PIECES = st.sampled_from([
    "<VirtualHost *:80>", "</VirtualHost>", "<IfModule mod_proxy.c>", "</IfModule>",
    "<Macro M $a @b>", "</Macro>", "Use M 1 2", "Define X y", "Define Q '\"'", "${X}", "${Q}",
    "$a", "@b", "<Location /a>", "</Location >", "</location>", "<If \"a  b\">", "</If>",
    "<Else>", "</Else>", "Require  all granted", "keepalive On", "ProxyPass /  http://b/",
    "Header set", "RewriteRule ^a  b",
    "RewriteCond %{X}  \\  y", "Require  expr a  b", "LogFormat \"a  b\"",
    "# a comment", "  # another \\",
    '"', "'", "\\", "\\\n", " \\\n  ", "\n", "\n", "\n\n\n", "\r\n", " ", "   ", "\t", "word",
    "<", ">", "</", "#", "\0", "\x0b", "\xff", "<files  x >", "ServerName",
])  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_file_keeps_its_meaning(text: str):
    holds(text)


@given(st.binary(max_size=200))
def test_any_octets_keep_their_meaning(data: bytes):
    holds(data.decode("latin-1"))
