"""The modules, in the order their hooks run within a phase.

The order is Apache's where it matters: what changes the client's address or the environment comes
first; rewriting and mapping before aliases, aliases before the document root; RequestHeader last
of the fixups; the default handler last of all.
"""

from __future__ import annotations

from typing import Final

from revproxy.module import Module
from revproxy.modules import (
    core,
    mod_access_compat,
    mod_alias,
    mod_auth_basic,
    mod_authn_core,
    mod_authn_file,
    mod_authz_core,
    mod_authz_groupfile,
    mod_brotli,
    mod_buffer,
    mod_charset_lite,
    mod_data,
    mod_dbd,
    mod_deflate,
    mod_dir,
    mod_env,
    mod_filter,
    mod_headers,
    mod_log_config,
    mod_logio,
    mod_mime,
    mod_proxy,
    mod_proxy_html,
    mod_proxy_http,
    mod_ratelimit,
    mod_remoteip,
    mod_reqtimeout,
    mod_rewrite,
    mod_sed,
    mod_setenvif,
    mod_ssl,
    mod_substitute,
    mod_unixd,
    mod_xml2enc,
    mpm_common,
    mpm_trio,
)

MODULES: Final[tuple[Module, ...]] = (
    mpm_common.MODULE,
    mod_unixd.MODULE,
    mod_reqtimeout.MODULE,
    mod_remoteip.MODULE,
    mpm_trio.MODULE,
    mod_setenvif.MODULE,
    mod_env.MODULE,
    mod_dbd.MODULE,
    mod_rewrite.MODULE,
    mod_ssl.MODULE,
    mod_proxy.MODULE,
    mod_proxy_http.MODULE,
    mod_alias.MODULE,
    mod_access_compat.MODULE,
    mod_authn_file.MODULE,
    mod_auth_basic.MODULE,
    mod_authn_core.MODULE,
    mod_authz_groupfile.MODULE,
    mod_authz_core.MODULE,
    mod_log_config.MODULE,
    mod_logio.MODULE,
    mod_dir.MODULE,
    mod_mime.MODULE,
    mod_filter.MODULE,
    mod_xml2enc.MODULE,
    mod_proxy_html.MODULE,
    mod_substitute.MODULE,
    mod_sed.MODULE,
    mod_data.MODULE,
    mod_buffer.MODULE,
    mod_ratelimit.MODULE,
    mod_charset_lite.MODULE,
    mod_deflate.MODULE,
    mod_brotli.MODULE,
    mod_headers.MODULE,
    core.MODULE,
)
