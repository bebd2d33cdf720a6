"""From merged settings to the plan: every hook made, every table built, before a socket opens.

Laws:
- What is wrong comes as findings, all of them; a configuration without errors can serve.
- A factory that has nothing to do returns None and leaves no trace in the plan.
- A virtual host's plans share what its modules make once (`Server.shared`).
"""

from __future__ import annotations

import functools
import itertools
import socket
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from revproxy.authz.compat import AccessSettings
from revproxy.config.access import AccessFileReader
from revproxy.config.expr import load_grammar
from revproxy.config.merge import ServerConfig, inherit
from revproxy.config.tree import Configuration
from revproxy.error_log import open_error_log
from revproxy.error_log_format import LEVELS
from revproxy.errors import ConfigError
from revproxy.http.pace import NO_LIMITS, ReadLimits
from revproxy.http.pages import server_product
from revproxy.http.request_head import Limits
from revproxy.module import (
    NO_DOCUMENT_ROOT,
    PHASES,
    UNSET,
    Hook,
    Module,
    Server,
    merge_settings,
    value_or,
)
from revproxy.modules import (
    ORDER,
    SILENT_UNLOADED,
    core,
    mod_proxy,
    mod_remoteip,
    mod_reqtimeout,
    mod_unique_id,
    mod_unixd,
    mpm_common,
    mpm_trio,
)
from revproxy.plan.addresses import resolve_address, written
from revproxy.plan.conditional import Entry, conditionals, entry_of
from revproxy.plan.htaccess import AccessFiles
from revproxy.plan.match import NameTable
from revproxy.plan.plan import (
    Document,
    Listener,
    Plan,
    PlanCache,
    RequestPlan,
    VirtualHost,
)
from revproxy.plan.sections import file_entries, location_table, url_matcher
from revproxy.plan.secured import check_sections, client_tls_of
from revproxy.plan.walk import DirectoryWalk, access_files_are_read, coverings

if TYPE_CHECKING:
    from revproxy.tls.client import ClientTls

_ONCE: Final = ("post_read", "log")
_EACH: Final = tuple(phase for phase in PHASES if phase not in _ONCE)


class Compiler:
    """Makes the plan of one configuration."""

    def __init__(
        self,
        configuration: Configuration,
        modules: Sequence[Module],
        implemented: Container[str] = frozenset(),
        *,
        offline: bool = False,
    ) -> None:
        self._configuration = configuration
        self._implemented = implemented
        self._offline = offline
        self._modules = [
            module
            for module in modules
            if not configuration.whole or module.name in configuration.loaded
        ]
        # Those that nothing names are not here, and loaded all the same.
        self._names = frozenset(
            name
            for name in ORDER
            if (
                name in configuration.loaded if configuration.whole else name not in SILENT_UNLOADED
            )
        )
        self._listens: tuple[mpm_common.Listen, ...] = ()
        self._names_unique_id = mod_unique_id.is_wanted(configuration.walk())

    def plan(self, main: ServerConfig, hosts: Sequence[ServerConfig]) -> Plan:
        """The plan of a main server and its virtual hosts."""
        mpm: mpm_common.Settings = _settings(main, mpm_common.MODULE)
        self._listens = listens = value_or(mpm.listens, ())
        main_host = self._host(main, virtual=False)
        virtual = [(config, self._host(inherit(main, config), virtual=True)) for config in hosts]
        unixd: mod_unixd.Settings = _settings(main, mod_unixd.MODULE)
        trio_settings: mpm_trio.Settings = _settings(main, mpm_trio.MODULE)
        pid_file = value_or(mpm.pid_file, None)
        return Plan(
            listeners=tuple(Listener(listen.host, listen.port) for listen in listens),
            main=main_host,
            hosts=tuple(host for _, host in virtual),
            by_address=_by_address(virtual),
            processes=value_or(trio_settings.processes, 0),
            backlog=value_or(mpm.backlog, 511),
            connections=mpm.connections,
            connections_per_address=value_or(trio_settings.connections_per_address, 0),
            pid_file=self._path(pid_file) if pid_file else None,
            user=value_or(unixd.user, None),
            group=value_or(unixd.group, None),
            graceful_shutdown_timeout=value_or(mpm.graceful_shutdown_timeout, 0),
            receive_buffer=value_or(mpm.receive_buffer, 0),
            send_buffer=value_or(mpm.send_buffer, 0),
        )

    def _path(self, name: str) -> str:
        root = self._configuration.server_root.rstrip("/")
        return name if name.startswith("/") else f"{root}/{name}"

    def _host(self, config: ServerConfig, *, virtual: bool) -> VirtualHost:
        settings: core.Settings = _settings(config, core.MODULE)
        server = self._server(config, settings, virtual=virtual)
        tls = self._client_tls(config, server)
        plans = PlanCache(lambda entries: self._request_plan(config, server, entries))
        if mod_proxy.MODULE in self._modules:
            own = [section.settings.get("mod_proxy") for section in config.proxies]
            mod_proxy.define_in_sections(
                _settings(config, mod_proxy.MODULE), [one for one in own if one], server
            )
        once = {phase: self._hooks(phase, config.settings, server) for phase in _ONCE}
        options = value_or(settings.protocol_options, frozenset())
        host = VirtualHost(
            server=server,
            plans=plans,
            read_limits=self._read_limits(config),
            tls=tls,
            announces=_settings(config, mod_remoteip.MODULE).announces(),
            post_read=once["post_read"],
            log=once["log"],
            locations=location_table(config.locations),
            proxies=tuple(
                (entry_of("proxy", section), url_matcher(section)) for section in config.proxies
            ),
            walk=self._walk(config, plans),
            ifs=conditionals(config.ifs),
            limits=Limits(
                line=value_or(settings.limit_line, 8190),
                fields=value_or(settings.limit_fields, 100),
                # Apache counts up to here, and takes one octet more.
                field_size=value_or(settings.limit_field_size, 8190) + 1,
                old="require1.0" not in options,
            ),
            timeout=server.timeout,
            keep_alive=value_or(settings.keep_alive, True),
            keep_alive_timeout=value_or(settings.keep_alive_timeout, 5.0),
            max_keep_alive=value_or(settings.max_keep_alive, 100),
            encoded_slashes=server.encoded_slashes,
            merge_slashes=value_or(settings.merge_slashes, True),
            strict_host=value_or(settings.strict_host, False),
            strict_methods="registeredmethods" in options,
            server_path=value_or(settings.server_path, ""),
            recursion=value_or(settings.recursion, (10, 10))[0],
            sub_recursion=value_or(settings.recursion, (10, 10))[1],
            error_log=open_error_log(
                self._path_or_pipe(value_or(settings.error_log, "")),
                value_or(settings.log_levels, {}),
                main=value_or(settings.error_log_format, ""),
                request=value_or(settings.error_log_request_formats, ()),
                connection=value_or(settings.error_log_connection_formats, ()),
                server_name=server.name,
            ),
            server_line=f"Server: {server.product}".encode("latin-1"),
        )
        if not self._offline:
            check_sections(host, config)
        return host

    def _client_tls(self, config: ServerConfig, server: Server) -> ClientTls | None:
        """How a host speaks TLS; where its certificates need not be there, None without them."""
        try:
            return client_tls_of(config, server, self._listens, self._names)
        except ConfigError:
            if self._offline:
                return None
            raise

    def _walk(self, config: ServerConfig, plans: PlanCache) -> DirectoryWalk:
        settings: core.Settings = _settings(config, core.MODULE)
        directories = coverings(config.directories)
        access_files = None
        if access_files_are_read(directories):
            reader = AccessFileReader(self._configuration, self._modules, self._implemented)
            names = value_or(settings.access_file_names, (".htaccess",))
            access_files = AccessFiles(names, reader, plans)
            if not self._offline:
                # Access files may hold expressions.
                load_grammar()
        options = value_or(settings.option_changes, ())
        return DirectoryWalk(directories, file_entries(config.files), options, access_files)

    def _path_or_pipe(self, name: str) -> str:
        if not name or name.startswith("|") or name.split(":", 1)[0].lower() == "syslog":
            return name
        return self._path(name)

    def _server(self, config: ServerConfig, settings: core.Settings, *, virtual: bool) -> Server:
        name = value_or(settings.server_name, core.ServerName(socket.gethostname()))
        directive = config.directive
        names: NameTable[bool] = NameTable(False)
        for alias in value_or(settings.aliases, ()):
            names.add(0, alias, True)
        return Server(
            name=name.host,
            aliases=lambda host: bool(names.find(host)),
            addresses=tuple(written(address.text) for address in config.addresses),
            port=name.port,
            scheme=name.scheme,
            virtual=virtual,
            admin=value_or(settings.admin, "[no address given]"),
            timeout=value_or(settings.timeout, 60.0),
            signature=value_or(settings.signature, "Off"),
            tokens=value_or(settings.tokens, "Full"),
            canonical_name=value_or(settings.canonical_name, "Off"),
            canonical_port=value_or(settings.canonical_port, False),
            document_root=value_or(settings.document_root, NO_DOCUMENT_ROOT),
            server_root=self._configuration.server_root,
            config_file=directive.location.file if directive is not None else "",
            config_line=directive.location.line if directive is not None else 0,
            trace=value_or(settings.trace, "on"),
            encoded_slashes=value_or(settings.encoded_slashes, "Off"),
            product=server_product(value_or(settings.tokens, "Full")),
            modules=self._names,
            names_unique_id=self._names_unique_id,
        )

    def _request_plan(
        self, config: ServerConfig, server: Server, entries: Sequence[Entry]
    ) -> RequestPlan:
        """The plan of some sections, those of a kind (a walk, in Apache) together."""
        merged: dict[str, Any] = dict(config.settings)
        for _kind, walk in itertools.groupby(entries, key=lambda entry: entry.kind):
            # The sections of a walk are merged with each other before they meet what is around.
            together: dict[str, Any] = {}
            for entry in walk:
                _merge(together, entry.section.settings)
            _merge(merged, together)
        phases = {phase: self._hooks(phase, merged, server) for phase in _EACH}
        settings: core.Settings = merged.get("core") or core.Settings()
        compat: AccessSettings = merged.get("mod_access_compat") or AccessSettings()
        return RequestPlan(
            **phases,
            satisfies_any=compat.satisfies_any(),
            limit_body=value_or(settings.limit_body, 1 << 30),
            documents={
                status: Document(document.kind, document.value, document.location)
                for status, document in value_or(settings.error_documents, {}).items()
                if document.kind != "default"
            },
            signature=value_or(settings.signature, "Off"),
            log_levels=_log_levels(settings, entries),
            settings=merged,
            sections=tuple(entry.section.directive.location for entry in entries),
            filters=self._named("filters", merged, server),
            input_filters=self._named("input_filters", merged, server),
        )

    def _named(
        self, table: str, settings: Mapping[str, Any], server: Server
    ) -> Callable[[str], Any]:
        """What makes the filter of a name, None where no module that is there has it."""

        @functools.cache
        def find(name: str) -> Any:
            for module in self._modules:
                factory = getattr(module, table).get(name)
                if factory is not None:
                    own = settings.get(module.name)
                    return factory(module.settings() if own is None else own, server)
            return None

        return find

    def _read_limits(self, config: ServerConfig) -> ReadLimits:
        """RequestReadTimeout's, with the module's defaults where it is there."""
        if mod_reqtimeout.MODULE not in self._modules:
            return NO_LIMITS
        settings: mod_reqtimeout.Settings = _settings(config, mod_reqtimeout.MODULE)
        return settings.limits()

    def _hooks(self, phase: str, settings: Mapping[str, Any], server: Server) -> tuple[Hook, ...]:
        hooks = []
        for module in self._modules:
            factory = module.hooks.get(phase)
            if factory is not None:
                own = settings.get(module.name)
                hook = factory(module.settings() if own is None else own, server)
                if hook is not None:
                    hooks.append(hook)
        return tuple(hooks)


def _settings(config: ServerConfig, module: Module) -> Any:
    own = config.settings.get(module.name)
    return module.settings() if own is None else own


def _log_levels(settings: core.Settings, entries: Iterable[Entry]) -> dict[str, int] | None:
    """The levels of a request's sections; None where those of the server are in force."""
    own = (entry.section.settings.get("core") for entry in entries)
    if not any(one is not None and one.log_levels is not UNSET for one in own):
        return None
    return {name: LEVELS[level] for name, level in value_or(settings.log_levels, {}).items()}


def _merge(outer: dict[str, Any], inner: Mapping[str, Any]) -> None:
    """Merge modules' settings into those around them."""
    for name, settings in inner.items():
        known = outer.get(name)
        outer[name] = settings if known is None else merge_settings(known, settings)


def _by_address(
    hosts: Sequence[tuple[ServerConfig, VirtualHost]],
) -> dict[tuple[str, int], NameTable[VirtualHost]]:
    """The name tables of all addresses that virtual hosts name."""
    tables: dict[tuple[str, int], NameTable[VirtualHost]] = {}
    for order, (config, host) in enumerate(hosts):
        settings: core.Settings = _settings(config, core.MODULE)
        for address in config.addresses:
            for key in resolve_address(address.text):
                table = tables.get(key)
                if table is None:
                    table = tables[key] = NameTable(host)
                if host.server_path:
                    table.paths.append((host.server_path, host))
                name = value_or(settings.server_name, None)
                if name is not None:
                    table.add(order, name.host, host)
                for alias in value_or(settings.aliases, ()):
                    table.add(order, alias, host)
                name_there = address.text.rpartition(":")[0] or address.text
                if name_there not in ("*", "_default_"):
                    table.add(order + len(hosts), name_there.strip("[]"), host)
    return tables
