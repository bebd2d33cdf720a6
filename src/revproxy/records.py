"""`dataclass` as the standard library's, but methods are compiled when they are first called.

The standard one compiles six methods a class while its module is imported, a tenth of a millisecond
each: 80 of the 240 ms that `revproxy lint` of a small file took. Of most classes that a command
loads it makes no object.

Laws:
- What is made behaves as what the standard library makes (a test holds one against the other), and
  `field`, `fields` and `replace` of `dataclasses` are for both. For type checkers it is the same.
- Instances have slots. Keyword-only fields and ordering are left out.
- From the second call on, a method costs no more than there.
"""

from __future__ import annotations

import dataclasses
import reprlib
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, fields
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

__all__ = ["dataclass"]


def _dataclass(
    *, slots: bool, frozen: bool = False, eq: bool = True
) -> Callable[[type[Any]], type[Any]]:
    """The decorator. `slots` has to be True: it is there to be read as the standard one."""
    assert slots

    def decorate(cls: type[Any]) -> type[Any]:
        made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
        methods: dict[str, Any] = {"__repr__": _shown}
        methods["__init__"] = _later(made, "__init__", _frozen_init if frozen else _init)
        if eq:
            methods["__eq__"] = _later(made, "__eq__", _eq)
            methods["__hash__"] = _later(made, "__hash__", _hash) if frozen else None
        if frozen:
            methods |= {"__setattr__": _not_assigned, "__delattr__": _not_deleted}
        for name, method in methods.items():
            # What the class has itself stays; with an `__eq__` goes a `__hash__` of None.
            if made.__dict__.get(name) is None:
                setattr(made, name, method)
        return made

    return decorate


Source: TypeAlias = tuple[str, dict[str, Any]]
"""A method as text, and the names in it."""


def _later(cls: type[Any], name: str, write: Callable[[type[Any]], Source]) -> Callable[..., Any]:
    """A method that is compiled at the first call, and takes its own place then."""

    def first(self: Any, /, *args: Any, **values: Any) -> Any:
        text, names = write(cls)
        exec(text, names)
        method = names[name]
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        setattr(cls, name, method)
        return method(self, *args, **values)

    return first


def _init(cls: type[Any]) -> Source:
    return _init_setting(cls, "self.{0} = {1}")


def _frozen_init(cls: type[Any]) -> Source:
    """Slots can be set in spite of `__setattr__`."""
    text, names = _init_setting(cls, "set_{0}(self, {1})")
    names |= {f"set_{item.name}": getattr(cls, item.name).__set__ for item in fields(cls)}
    return text, names


def _init_setting(cls: type[Any], setting: str) -> Source:
    names: dict[str, Any] = {"MISSING": MISSING}
    parameters, lines = ["self"], []
    for item in fields(cls):
        name = item.name
        parameter = name
        value: str | None = name if item.init else None
        if item.default is not MISSING:
            names[f"default_{name}"] = item.default
            parameter = f"{name}=default_{name}"
            value = value or f"default_{name}"
        elif item.default_factory is not MISSING:
            names[f"make_{name}"] = item.default_factory
            parameter = f"{name}=MISSING"
            made = f"make_{name}()"
            value = f"{made} if {name} is MISSING else {name}" if value else made
        if item.init:
            parameters.append(parameter)
        if value is not None:
            lines.append(setting.format(name, value))
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n ".join(lines or ["pass"])
    return f"def __init__({', '.join(parameters)}):\n {body}", names


def _eq(cls: type[Any]) -> Source:
    text = f"""def __eq__(self, other):
    if other.__class__ is self.__class__:
        return {_compared(cls, "self")} == {_compared(cls, "other")}
    return NotImplemented"""
    return text, {}


def _hash(cls: type[Any]) -> Source:
    return f"def __hash__(self):\n return hash({_compared(cls, 'self')})", {}


def _compared(cls: type[Any], it: str) -> str:
    """The tuple of the fields that are compared."""
    return f"({''.join(f'{it}.{item.name}, ' for item in fields(cls) if item.compare)})"


@reprlib.recursive_repr()
def _shown(self: Any) -> str:
    names = (item.name for item in fields(self) if item.repr)
    values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
    return f"{type(self).__qualname__}({values})"


def _not_assigned(_self: Any, name: str, _value: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _not_deleted(_self: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = _dataclass
