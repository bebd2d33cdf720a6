"""Names that are not Apache 2.4's but stand in people's files: what they were or whose they are."""

from __future__ import annotations

from typing import Final

_REMOVED: Final[dict[str, str]] = {
    "acceptmutex": "Mutex",
    "addmodule": "LoadModule",
    "authdefaultauthoritative": "Require in a <RequireAll>",
    "authzdefaultauthoritative": "Require in a <RequireAll>",
    "authzgroupfileauthoritative": "Require in a <RequireAll>",
    "authzhostauthoritative": "Require in a <RequireAll>",
    "authzuserauthoritative": "Require in a <RequireAll>",
    "bindaddress": "Listen",
    "clearmodulelist": "LoadModule",
    "lockfile": "Mutex",
    "mcachemaxobjectcount": "CacheSocache of mod_cache_socache",
    "mcachemaxobjectsize": "CacheSocacheMaxSize of mod_cache_socache",
    "mcachemaxstreamingbuffer": "CacheSocache of mod_cache_socache",
    "mcacheminobjectsize": "CacheSocache of mod_cache_socache",
    "mcacheremovalalgorithm": "CacheSocache of mod_cache_socache",
    "mcachesize": "CacheSocache of mod_cache_socache",
    "proxyhtmllogverbose": "LogLevel proxy_html:info",
    "rewritelock": "Mutex",
    "rewritelog": "LogLevel rewrite:trace3",
    "rewriteloglevel": "LogLevel rewrite:trace3",
    "servertype": "",
    "sslmutex": "Mutex",
    "sslrequirecipher": "SSLCipherSuite",
    "watchdogmutexpath": "Mutex",
}
"""What older versions had: the lower-case name, and what does its work now."""

_MODULES: Final[tuple[tuple[str, str], ...]] = (
    ("assignuserid", "mpm_itk"),
    ("authcas", "mod_auth_cas"),
    ("authexternal", "mod_authnz_external"),
    ("authmysql", "mod_auth_mysql"),
    ("authzsvn", "mod_authz_svn"),
    ("cas", "mod_auth_cas"),
    ("dos", "mod_evasive"),
    ("enablemcpmreceive", "mod_cluster"),
    ("fastcgi", "mod_fastcgi"),
    ("fcgid", "mod_fcgid"),
    ("geoip", "mod_geoip"),
    ("gssapi", "mod_auth_gssapi"),
    ("jk", "mod_jk"),
    ("krb", "mod_auth_kerb"),
    ("maxmind", "mod_maxminddb"),
    ("mellon", "mod_auth_mellon"),
    ("modpagespeed", "mod_pagespeed"),
    ("oidc", "mod_auth_openidc"),
    ("pagespeed", "mod_pagespeed"),
    ("passenger", "Passenger"),
    ("perl", "mod_perl"),
    ("php_", "mod_php"),
    ("python", "mod_python"),
    ("qs_", "mod_qos"),
    ("rdocumentchroot", "mod_ruid2"),
    ("rmode", "mod_ruid2"),
    ("rpaf", "mod_rpaf, which mod_remoteip has replaced"),
    ("ruidgid", "mod_ruid2"),
    ("shib", "mod_shib"),
    ("svn", "mod_dav_svn"),
    ("vhostlimit", "mpm_itk"),
    ("wsgi", "mod_wsgi"),
    ("xsendfile", "mod_xsendfile"),
)
"""Directives of modules that do not come with Apache, by how they begin."""


def hint(name: str) -> str:
    """What to say of a name that Apache 2.4 does not know; "" where nothing is known."""
    key = name.lower()
    if key in _REMOVED:
        instead = _REMOVED[key]
        return "it left Apache with version 2.4" + (f"; use {instead}" if instead else "")
    for beginning, module in _MODULES:
        if key.startswith(beginning):
            return f"it belongs to {module}, which does not come with Apache"
    return ""
