"""The virtual hosts by address: what `apache2ctl -S` tells.

Laws:
- The order is Apache's: addresses as its table has them, those for any address behind; at one
  address, the hosts in file order. The first answers for a name that nobody has.
- A host name in `<VirtualHost>` is looked up, as the running server does.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from revproxy.config.merge import ServerConfig, inherit
from revproxy.dump.places import place, shown
from revproxy.module import value_or
from revproxy.modules import core, mod_unixd, mpm_common
from revproxy.plan.addresses import resolve_address
from revproxy.plan.load import Loaded
from revproxy.records import dataclass

_COLUMN = 22


@dataclass(slots=True)
class Host:
    """A virtual host at an address."""

    name: str
    aliases: tuple[str, ...]
    config: ServerConfig

    @property
    def where(self) -> str:
        assert self.config.directive is not None
        return shown(self.config.directive.location)


def hosts_by_address(loaded: Loaded) -> dict[tuple[str, int], list[Host]]:
    """The hosts of each (address or "*", port or 0), as Apache tells them."""
    found: dict[tuple[str, int], list[Host]] = {}
    # Apache goes through them from the last to the first and puts each before the others.
    for config in reversed(loaded.hosts):
        settings: core.Settings = inherit(loaded.main, config).settings["core"]
        name = value_or(settings.server_name, core.ServerName(""))
        host = Host(name.host, value_or(settings.aliases, ()), config)
        for address in config.addresses:
            for key in resolve_address(address.text):
                hosts = found.setdefault(key, [])
                if host not in hosts:
                    hosts.insert(0, host)
    newest_first = list(found)[::-1]
    return {key: found[key] for key in sorted(newest_first, key=_bucket)}


def _bucket(key: tuple[str, int]) -> int:
    """Where Apache's table has an address: the exclusive or of its last four octets."""
    if key[0] == "*":
        return 256
    bucket = 0
    for octet in ipaddress.ip_address(key[0].partition("%")[0]).packed[-4:]:
        bucket ^= octet
    return bucket


def as_text(loaded: Loaded) -> Iterator[str]:
    """The lines that `apache2ctl -S` prints of it."""
    yield "VirtualHost configuration:"
    for key, hosts in hosts_by_address(loaded).items():
        address = f"{written(key):{_COLUMN}}"
        first = hosts[0]
        if len(hosts) == 1:
            yield f"{address} {first.name} ({first.where})"
            continue
        yield f"{address} is a NameVirtualHost"
        yield f"         default server {first.name} ({first.where})"
        port = key[1] or "*"
        for host in hosts:
            yield f"         port {port} namevhost {host.name} ({host.where})"
            yield from (f"                 alias {name}" for name in _plain(host))
            yield from (f"                 wild alias {name}" for name in _wild(host))
    facts = _facts(loaded)
    for title, name in (
        ("ServerRoot", "server_root"),
        ("Main DocumentRoot", "document_root"),
        ("Main ErrorLog", "error_log"),
        ("PidFile", "pid_file"),
    ):
        if facts[name]:
            yield f'{title}: "{facts[name]}"'
    for name, value in facts["defines"].items():
        yield f"Define: {name}={value}" if value else f"Define: {name}"
    for title in ("user", "group"):
        if facts[title]:
            yield f'{title.capitalize()}: name="{facts[title]}"'


def as_data(loaded: Loaded) -> dict[str, Any]:
    """The same for programs."""
    addresses = [
        {
            "address": written(key),
            "default": _host(hosts[0]),
            "hosts": [
                {**_host(host), "aliases": _plain(host), "wild_aliases": _wild(host)}
                for host in hosts
            ],
        }
        for key, hosts in hosts_by_address(loaded).items()
    ]
    return {"addresses": addresses, **_facts(loaded)}


def written(key: tuple[str, int]) -> str:
    """An address as Apache writes it: 127.0.0.1:80, [::1]:443, *:*."""
    host = f"[{key[0]}]" if ":" in key[0] else key[0]
    return f"{host}:{key[1] or '*'}"


def _host(host: Host) -> dict[str, Any]:
    assert host.config.directive is not None
    return {"name": host.name, **place(host.config.directive.location)}


def _plain(host: Host) -> list[str]:
    return [name for name in host.aliases if not _is_wild(name)]


def _wild(host: Host) -> list[str]:
    return [name for name in host.aliases if _is_wild(name)]


def _is_wild(name: str) -> bool:
    return "*" in name or "?" in name


def _facts(loaded: Loaded) -> dict[str, Any]:
    own: core.Settings = loaded.main.settings["core"]
    root = loaded.configuration.server_root
    mpm: mpm_common.Settings = loaded.main.settings["mpm_common"]
    unixd: mod_unixd.Settings = loaded.main.settings["mod_unixd"]
    return {
        "server_root": root,
        "document_root": _path(root, value_or(own.document_root, "")),
        "error_log": _path(root, value_or(own.error_log, "")),
        "pid_file": _path(root, value_or(mpm.pid_file, "")),
        "defines": loaded.configuration.defines,
        "user": value_or(unixd.user, ""),
        "group": value_or(unixd.group, ""),
    }


def _path(root: str, name: str) -> str:
    if not name or name[0] in "/|" or name.lower().startswith("syslog"):
        return name
    return f"{root.rstrip('/')}/{name}"
