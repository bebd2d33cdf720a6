"""Field tables: the header section of a message, as Apache's `apr_table_t` behaves.

Laws:
- A field is a tuple (name in lower case, value, the line as on the wire without CRLF).
- The line is kept as received, so that passing a field on costs no formatting.
- Order is kept; names compare without case; several fields may bear one name.
- `items` is a tuple that is replaced, never changed in place: tables share it with the head that
  was parsed, and "nothing touched the fields" is one identity test on the hot path.
- Text is Latin-1 `str`: one character an octet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

Field: TypeAlias = tuple[str, str, bytes]


def make_field(name: str, value: str) -> Field:
    """A field from its name, spelled as it shall go out, and its value."""
    return (name.lower(), value, f"{name}: {value}".encode("latin-1"))


def field_name(field: Field) -> str:
    """The name as spelled on the wire."""
    return field[2].split(b":", 1)[0].decode("latin-1")


class Fields:
    """A header section. `items` may be read and replaced directly."""

    __slots__ = ("items",)

    def __init__(self, items: Iterable[Field] = ()) -> None:
        self.items: tuple[Field, ...] = tuple(items)

    def __iter__(self) -> Iterator[Field]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, name: str) -> bool:
        key = name.lower()
        return any(item[0] == key for item in self.items)

    def __repr__(self) -> str:
        return f"Fields({[(field_name(item), item[1]) for item in self.items]!r})"

    def get(self, name: str) -> str | None:
        """The first value under `name`, as `apr_table_get`."""
        key = name.lower()
        for item in self.items:
            if item[0] == key:
                return item[1]
        return None

    def get_all(self, name: str) -> list[str]:
        """All values under `name`, in order."""
        key = name.lower()
        return [item[1] for item in self.items if item[0] == key]

    def joined(self, name: str) -> str | None:
        """All values under `name` as one list (RFC 9110, section 5.3), None where there is none."""
        values = self.get_all(name)
        return ", ".join(values) if values else None

    def add(self, name: str, value: str) -> None:
        """One more field, whatever is there."""
        self.items = (*self.items, make_field(name, value))

    def set(self, name: str, value: str) -> None:
        """Exactly one field of this name: the first keeps its place and spelling, others go."""
        new = make_field(name, value)
        key = new[0]
        for index, item in enumerate(self.items):
            if item[0] == key:
                new = make_field(field_name(item), value)
                rest = [other for other in self.items[index + 1 :] if other[0] != key]
                self.items = (*self.items[:index], new, *rest)
                return
        self.items = (*self.items, new)

    def set_default(self, name: str, value: str) -> None:
        """Add the field where none of this name is there."""
        if name not in self:
            self.add(name, value)

    def append(self, name: str, value: str) -> None:
        """Join `value` to the first field of this name with ", ", as `apr_table_mergen`."""
        key = name.lower()
        for index, item in enumerate(self.items):
            if item[0] == key:
                joined = make_field(field_name(item), f"{item[1]}, {value}")
                self.items = (*self.items[:index], joined, *self.items[index + 1 :])
                return
        self.add(name, value)

    def unset(self, name: str) -> None:
        """Remove every field of this name."""
        key = name.lower()
        self.items = tuple(item for item in self.items if item[0] != key)

    def copy(self) -> Fields:
        """A table of its own with the same fields."""
        return Fields(self.items)
