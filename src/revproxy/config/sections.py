"""The arguments of sections, which Apache's core and mod_proxy take apart by themselves."""

from __future__ import annotations

from typing import Final

from revproxy.config.tree import Directive

_PATHS: Final = frozenset({
    "directory", "directorymatch", "files", "filesmatch", "location", "locationmatch",
})  # fmt: skip
_WITH_TILDE: Final = frozenset({"directory", "directorymatch", "files", "location"})
_NEEDED: Final = _PATHS | {"virtualhost", "limit", "limitexcept", "if", "elseif"}
_ALIASES: Final = frozenset({"authnprovideralias", "authzprovideralias"})
_NONE: Final = frozenset({"requireall", "requireany", "requirenone"})


def wrong_arguments(section: Directive) -> tuple[str, int | None]:
    """What is wrong with a section's arguments and which it is; "" where nothing is."""
    key, values, name = section.key, section.values, section.name
    if (not section.raw and key in _NEEDED) or (key in _ALIASES and len(values) < 2):
        return f"<{name}> directive requires additional arguments", None
    if values and key == "else":
        return f"<{name}> does not take an argument", 0
    if values and key in _NONE:
        return f"<{name}> directive doesn't take additional arguments", 0
    if key in _PATHS or key == "proxymatch":
        most = 2 if key in _WITH_TILDE and values[:1] == ("~",) else 1
        if len(values) > most:
            return f"Multiple <{name}> arguments not (yet) supported.", most
    if len(values) > 1:
        message = _too_many(key, name, values)
        if message:
            return message, 1
    if key == "limit" and "TRACE" in values:
        return "TRACE cannot be controlled by <Limit>, see TraceEnable", values.index("TRACE")
    return "", None


def _too_many(key: str, name: str, values: tuple[str, ...]) -> str:
    """What is wrong with a second argument."""
    if key in ("if", "elseif"):
        return f"Multiple <{name}> arguments not supported."
    if key == "proxy":
        if "://" not in values[0]:
            return f"<{name}> arguments are not supported for non url."
        if any(char in values[0] for char in "*?["):
            return f"<{name}> arguments are not supported for wildchar url."
    return ""


def methods_of(section: Directive) -> frozenset[str]:
    """The methods that a `<Limit>` or `<LimitExcept>` names; GET covers HEAD."""
    methods = frozenset(section.values)
    return methods | {"HEAD"} if "GET" in methods else methods


def path_of(section: Directive) -> tuple[str, bool, int]:
    """A section's path, name or URL, whether it is a regex, and which argument it is.

    Apache takes a path that is missing or empty for one that stands for everything.
    """
    key, values = section.key, section.values
    position = 1 if key in _WITH_TILDE and values[:1] == ("~",) and len(values) > 1 else 0
    argument = values[position] if values else ""
    return argument, bool(position) or key.endswith("match"), position
