"""mod_authz_groupfile: who is in which group, for `Require group`."""

from __future__ import annotations

import dataclasses

from revproxy.authz.groups import GroupSettings
from revproxy.config.tree import Directive
from revproxy.module import Module, Scope


def _file(settings: GroupSettings, directive: Directive, scope: Scope) -> GroupSettings:
    return dataclasses.replace(settings, file=scope.path(directive.values[0]))


MODULE = Module(
    name="mod_authz_groupfile", settings=GroupSettings, directives={"authgroupfile": _file}
)
