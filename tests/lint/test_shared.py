"""What rules share: groups of regexes, the first prefix that takes a path, conditions of rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.lint.mappings import Prefixes, covers, passes
from revproxy.lint.regexes import compiled, group_count, groups, matches
from revproxy.lint.rewriting import authority_of, rewrites
from revproxy.lint.rule import Subject
from revproxy.plan.load import load_text


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("^/(a|b)/(.*)$", ["a|b", ".*"]),
        (r"^/\((x)\)", ["x"]),
        ("[(](x)[])](y)[^](](z)", ["x", "y", "z"]),
        ("((a)(?:b)(?=c))(d)", ["(a)(?:b)(?=c)", "a", "d"]),
        ("!^/(a)", ["a"]),
        ("(", []),
    ],
)
def test_groups_by_number(pattern, wanted):
    assert [group.text for group in groups(pattern)] == wanted


@given(st.text(alphabet="a/.()[]^\\?:*|", max_size=12))
def test_as_many_groups_as_the_regex_has(pattern):
    if compiled(pattern) is not None:
        assert len(groups(pattern)) == group_count(pattern)


@pytest.mark.parametrize(
    ("pattern", "subject", "wanted"),
    [("^a", "ab", True), ("!^a", "ab", False), ("!^a", "b", True), ("(", "(", False)],
)
def test_a_bang_turns_the_answer_round(pattern, subject, wanted):
    assert matches(pattern, subject) is wanted


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://a.test:80/x", "a.test:80"),
        ("http://%{HTTP:X/Y}:80?q", "%{HTTP:X/Y}:80"),
        ("ws://${m:$1|a/b}", "${m:$1|a/b}"),
        ("/x", ""),
    ],
)
def test_authorities(url, wanted):
    assert authority_of(url) == wanted


PATHS = st.text(alphabet="/ab", max_size=6).map(lambda text: f"/{text}")


@given(st.lists(PATHS, max_size=6), PATHS)
def test_the_first_prefix_that_covers_takes_a_path(earlier, path):
    text = "".join(f"ProxyPass {item} http://b.test/\n" for item in earlier)
    entries = list(passes(Subject(load_text(text)).main))
    known = Prefixes()
    for entry in entries:
        known.add(entry)
    wanted = next((entry.path for entry in entries if covers(entry.path, path)), None)
    taken = known.taking(path)
    assert (taken and taken.path) == wanted


def test_conditions_belong_to_the_next_rule_of_their_section():
    text = """RewriteCond %{HTTPS} off
<Directory /d>
RewriteRule ^a b [L,NC]
</Directory>
RewriteRule ^/c http://d.test/ [proxy]
RewriteRule ^/e https://f.test/
"""
    inner, first, second = rewrites(Subject(load_text(text)).main)
    assert (inner.conditions, inner.ignores_case, inner.in_server) == ((), True, False)
    assert [item.subject for item in first.conditions] == ["%{HTTPS}"]
    assert (first.is_proxy, first.is_redirect) == (True, False)
    assert (second.conditions, second.is_redirect) == ((), True)
