"""From a file to a plan, or to everything that is wrong with it.

Laws:
- All findings are collected before any is told: reading, checking, merging.
- Checking opens no log, binds no socket, resolves no name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from revproxy.config.catalogue import catalogue
from revproxy.config.check import check
from revproxy.config.codes import NOT_THERE
from revproxy.config.merge import HANDLED, ServerConfig, merge
from revproxy.config.read import SERVER_ROOT, read_file, read_text
from revproxy.config.tree import Configuration
from revproxy.errors import ConfigError, Diagnostic, Severity
from revproxy.module import Module
from revproxy.modules import all_modules
from revproxy.plan.needed import needed
from revproxy.records import dataclass

if TYPE_CHECKING:
    from revproxy.plan.plan import Plan


def implemented(modules: Iterable[Module] | None = None) -> frozenset[str]:
    """The directives that these modules, or all, do something with; in lower case."""
    known = all_modules() if modules is None else modules
    return frozenset({name for module in known for name in module.directives} | HANDLED)


@dataclass(slots=True)
class Loaded:
    """A configuration, merged, with all that was found."""

    configuration: Configuration
    main: ServerConfig
    hosts: list[ServerConfig]
    diagnostics: Sequence[Diagnostic]
    modules: tuple[Module, ...]
    """Those that the configuration needs."""

    @property
    def has_errors(self) -> bool:
        return any(item.severity is Severity.ERROR for item in self.diagnostics)

    def plan(self, *, offline: bool = False) -> Plan:
        """The plan. Raises ConfigError where there are errors.

        One that is `offline` serves nobody: certificates and other files need not be there.
        """
        if any(
            item.severity is Severity.ERROR and not (offline and item.code == NOT_THERE)
            for item in self.diagnostics
        ):
            raise ConfigError(self.diagnostics)
        from revproxy.plan.compile import Compiler

        compiler = Compiler(
            self.configuration, self.modules, implemented(self.modules), offline=offline
        )
        return compiler.plan(self.main, self.hosts)

    def trial(self) -> Sequence[Diagnostic]:
        """What making the plan finds, where there are no errors before; nothing stays of it."""
        from revproxy import logs

        former = logs.swap(logs.Logs())
        try:
            self.plan().close()
        except ConfigError as error:
            return error.diagnostics
        finally:
            logs.swap(former)
        return ()


def load_file(
    path: str,
    *,
    defines: Iterable[str] = (),
    server_root: str = SERVER_ROOT,
    prepare: Callable[[str], str] | None = None,
    release: tuple[int, ...] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Read, check and merge a file."""
    return _load(
        read_file(
            path,
            defines=defines,
            server_root=server_root,
            prepare=prepare,
            release=release,
            environ=environ,
        )
    )


def load_text(
    text: str | bytes,
    name: str = "-",
    *,
    defines: Iterable[str] = (),
    server_root: str = SERVER_ROOT,
    prepare: Callable[[str], str] | None = None,
    release: tuple[int, ...] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    """Read, check and merge a configuration from memory."""
    return _load(
        read_text(
            text,
            name,
            defines=defines,
            server_root=server_root,
            prepare=prepare,
            release=release,
            environ=environ,
        )
    )


def _load(configuration: Configuration) -> Loaded:
    modules = needed(configuration)
    findings = [
        *configuration.diagnostics,
        *check(configuration, catalogue(), implemented(modules)),
    ]
    main, hosts, refused = merge(configuration, modules)
    findings += refused
    return Loaded(configuration, main, hosts, findings, modules)
