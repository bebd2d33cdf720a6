"""mod_authn_file: users and their hashes in a file, as `htpasswd` writes it."""

from __future__ import annotations

import dataclasses

from revproxy.authn.settings import FileSettings
from revproxy.config.tree import Directive
from revproxy.module import Module, Scope


def _file(settings: FileSettings, directive: Directive, scope: Scope) -> FileSettings:
    return dataclasses.replace(settings, file=scope.path(directive.values[0]))


MODULE = Module(name="mod_authn_file", settings=FileSettings, directives={"authuserfile": _file})
