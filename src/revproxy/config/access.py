"""An access file (`.htaccess`): read, checked against what it may hold, and merged to a section.

Laws:
- What may stand there is decided by the classes of AllowOverride, which are bits of `allowed`, and
  by the names of AllowOverrideList; what acts while a server's file is read does not act here.
- A mistake that is not fatal (AllowOverride Nonfatal=) is a warning, and its directive left out.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterable, Sequence
from typing import Final

from revproxy.config import codes
from revproxy.config.catalogue import catalogue
from revproxy.config.check import Context, check
from revproxy.config.expr import restricted
from revproxy.config.merge import Section, merge_access_file
from revproxy.config.read import read_access_file
from revproxy.config.tree import Configuration
from revproxy.errors import Diagnostic, Severity
from revproxy.module import Module
from revproxy.records import dataclass

_CODES: Final = {
    "override": frozenset((codes.NOT_ALLOWED_HERE,)),
    "unknown": frozenset((codes.UNKNOWN_DIRECTIVE, codes.MISSING_MODULE)),
}


@dataclass(frozen=True, slots=True)
class AccessFileReader:
    """Reads the access files of a server."""

    server: Configuration
    modules: Sequence[Module]
    implemented: Container[str]

    def read(
        self,
        path: str,
        directory: str,
        *,
        classes: frozenset[str],
        names: frozenset[str],
        options: frozenset[str] | None,
        nonfatal: Iterable[str],
    ) -> tuple[Section | None, list[Diagnostic]]:
        """The section that a directory's file is, None for one that is wrong, and the findings.

        Raises OSError.
        """
        configuration = read_access_file(path, self.server)
        configuration.aliases = self.server.aliases
        context = Context(classes, is_access_file=True, names=names)
        forgiven = frozenset[str]().union(*(_CODES[word] for word in nonfatal))
        findings = [
            dataclasses.replace(item, severity=Severity.WARNING) if item.code in forgiven else item
            for item in (
                *configuration.diagnostics,
                *check(configuration, catalogue(), self.implemented, context),
            )
        ]
        with restricted():
            section, refused = merge_access_file(configuration, self.modules, directory, options)
        findings = [item for item in (*findings, *refused) if item.severity > Severity.INFO]
        if any(item.severity is Severity.ERROR for item in findings):
            return None, findings
        return section, findings
