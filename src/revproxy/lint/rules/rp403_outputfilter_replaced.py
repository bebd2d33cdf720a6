"""SetOutputFilter of an inner section replaces the outer one's list; it does not add to it.

What the outer list did is not done for the inner path.

Name the outer filters again, or use AddOutputFilterByType, which adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from revproxy.errors import Severity
from revproxy.lint.mappings import covers, location_path
from revproxy.lint.rule import Finding, Line, Rule, Subject


def check(subject: Subject) -> Iterator[Finding]:
    for server in subject.servers:
        before: list[tuple[str, set[str], Line]] = []
        for line in server.named("setoutputfilter"):
            section = line.section
            if section is None or section.key != "location" or not line.values:
                continue
            path, is_regex = location_path(section)
            names = set(line.values[0].lower().split(";"))
            for outer, filters, other in before:
                lost = sorted(filters - names)
                if not is_regex and outer != path and covers(outer, path) and lost:
                    yield Finding(
                        line.word(0),
                        f"the filters of {outer} are not in force here: {', '.join(lost)}",
                        "name them again",
                        ((other.location, "set here"),),
                    )
            before.append((path, names, line))


RULE: Final = Rule(
    "RP403",
    "outputfilter-replaced",
    Severity.INFO,
    "a SetOutputFilter that takes an outer one's filters away",
    check,
)
