"""DBM files, read whole: SDBM, GDBM and Berkeley DB's hash, as `httxt2dbm` writes them.

Laws:
- A file is read from its first page to its last, so that no hash function of theirs is needed; it
  is never written.
- What breaks a file's own rules is a ValueError, whatever stands in it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from typing import Final

Pair = tuple[bytes, bytes]

_SDBM_PAGE: Final = 1024
_GDBM_MAGICS: Final = (0x13579ACE, 0x13579ACF, 0x13579AD0)
_BERKELEY_MAGIC: Final = 0x00061561
_BERKELEY_HEAD: Final = 26
_HASH_PAGES: Final = (2, 13)
_KEY_DATA: Final = 1
_OFF_PAGE: Final = 3


def files_of(kind: str, path: str) -> tuple[str, ...]:
    """The files of a map of this kind: sdbm's are two. "default" is what is there."""
    pair = (f"{path}.pag", f"{path}.dir")
    if kind == "sdbm" or (kind == "default" and not _exists(path) and _exists(pair[0])):
        return pair
    return (path,)


def _exists(path: str) -> bool:
    return os.path.exists(path.encode("latin-1"))


def read_dbm(path: str) -> dict[str, str]:
    """All keys and values of the file that holds them. Raises OSError and ValueError."""
    with open(path.encode("latin-1"), "rb") as file:
        data = file.read()
    try:
        pairs = dict(_reader(path, data)(data))
    except (struct.error, IndexError, OverflowError):
        raise ValueError(f"{path}: a broken DBM file") from None
    return {key.decode("latin-1"): value.decode("latin-1") for key, value in pairs.items()}


def _reader(path: str, data: bytes) -> Callable[[bytes], Iterator[Pair]]:
    if path.endswith(".pag"):
        return _sdbm
    if len(data) > 16 and _BERKELEY_MAGIC in struct.unpack_from(
        "<I", data, 12
    ) + struct.unpack_from(">I", data, 12):
        return _berkeley
    if len(data) > 4 and struct.unpack_from("<I", data)[0] in _GDBM_MAGICS:
        return _gdbm
    raise ValueError(f"{path}: no DBM file of a kind that is known here (sdbm, gdbm, db)")


def _sdbm(data: bytes) -> Iterator[Pair]:
    """Pages of offsets: the pairs lie at a page's end, the last first."""
    for start in range(0, len(data), _SDBM_PAGE):
        page = data[start : start + _SDBM_PAGE]
        (count,) = struct.unpack_from("<H", page)
        ends = (_SDBM_PAGE, *struct.unpack_from(f"<{count}H", page, 2))
        for index in range(1, count, 2):
            yield page[ends[index] : ends[index - 1]], page[ends[index + 1] : ends[index]]


def _gdbm(data: bytes) -> Iterator[Pair]:
    """A directory of buckets, whose elements point to a key with its value behind it."""
    _, _, place, size, _, _, elements = struct.unpack_from("<iiqiiii", data)
    buckets = set(struct.unpack_from(f"<{size // 8}q", data, place))
    for bucket in buckets:
        for index in range(elements):
            element = bucket + 112 + 24 * index
            value, _, at, key_size, data_size = struct.unpack_from("<i4sqii", data, element)
            if value != -1:
                middle = at + key_size
                yield data[at:middle], data[middle : middle + data_size]


def _berkeley(data: bytes) -> Iterator[Pair]:
    """Pages of items, key and value in turn; a large item is a chain of pages of its own."""
    order = "<" if struct.unpack_from("<I", data, 12)[0] == _BERKELEY_MAGIC else ">"
    (size,) = struct.unpack_from(f"{order}I", data, 20)
    if not 512 <= size <= 65536:
        raise ValueError("a broken DBM file: its pages have no size")
    for start in range(size, len(data), size):
        page = data[start : start + size]
        if page[25] not in _HASH_PAGES:
            continue
        (count,) = struct.unpack_from(f"{order}H", page, 20)
        places = struct.unpack_from(f"{order}{count}H", page, _BERKELEY_HEAD)
        ends = (size, *places)
        items = [page[place : ends[index]] for index, place in enumerate(places)]
        for key, value in zip(items[::2], items[1::2], strict=True):
            yield _item(data, key, order, size), _item(data, value, order, size)


def _item(data: bytes, item: bytes, order: str, size: int) -> bytes:
    if item[0] == _KEY_DATA:
        return item[1:]
    if item[0] != _OFF_PAGE:
        raise ValueError("a DBM file with several values of one key")
    number, length = struct.unpack_from(f"{order}II", item, 4)
    found = b""
    while number and len(found) < length:
        page = data[number * size : (number + 1) * size]
        number, _, held = struct.unpack_from(f"{order}IHH", page, 16)
        found += page[_BERKELEY_HEAD : _BERKELEY_HEAD + held]
        if not held:
            break
    return found
