"""DBM files: those that httxt2dbm writes, and those that nobody wrote."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revproxy.rewrite.dbm import files_of, read_dbm

TOOL = shutil.which("httxt2dbm") or shutil.which("httxt2dbm", path="/usr/sbin")
WRITTEN = {f"key{number}": "v" * (number * 7 % 400 + 1) for number in range(600)}


@pytest.mark.skipif(TOOL is None, reason="needs httxt2dbm (Debian: apt install apache2-utils)")
@pytest.mark.parametrize(("kind", "suffix"), [("SDBM", ".pag"), ("GDBM", ""), ("DB", "")])
def test_what_httxt2dbm_writes_is_read(tmp_path: Path, kind: str, suffix: str) -> None:
    text = tmp_path / "text"
    text.write_text("".join(f"{key} {value}\n" for key, value in WRITTEN.items()))
    assert TOOL is not None
    command = [TOOL, "-f", kind, "-i", str(text), "-o", str(tmp_path / "map")]
    subprocess.run(command, check=True, capture_output=True)
    assert read_dbm(f"{tmp_path}/map{suffix}") == WRITTEN
    assert [Path(name).exists() for name in files_of("default", f"{tmp_path}/map")]


def berkeley(order: str, value: bytes) -> bytes:
    """A file of Berkeley DB whose one value fills pages of its own."""
    size = 512
    meta = struct.pack(f"{order}QIII", 0, 0, 0x61561, 9) + struct.pack(f"{order}I", size)
    key_item, value_item = b"\1key", struct.pack(f"{order}B3xII", 3, 2, len(value))
    end = size - len(key_item)
    head = struct.pack(f"{order}QIIIHHBB", 0, 1, 0, 0, 2, 0, 1, 13)
    head += struct.pack(f"{order}HH", end, end - len(value_item))
    pages = [meta.ljust(size, b"\0")]
    pages.append(head.ljust(end - len(value_item), b"\0") + value_item + key_item)
    room = size - 26
    pieces = [value[start : start + room] for start in range(0, len(value), room)]
    for number, piece in enumerate(pieces, 2):
        following = number + 1 if number < len(pieces) + 1 else 0
        head = struct.pack(f"{order}QIIIHHBB", 0, number, 0, following, 1, len(piece), 0, 7)
        pages.append((head + piece).ljust(size, b"\0"))
    return b"".join(pages)


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_value_of_many_pages_is_read(order: str) -> None:
    value = bytes(range(256)) * 5
    with_suffix(berkeley(order, value), "", {b"key": value})


def sdbm_page(pairs: dict[bytes, bytes]) -> bytes:
    """A page as `sdbm` lays it out: data from the end, offsets from the front."""
    page = bytearray(1024)
    end = len(page)
    offsets: list[int] = []
    for pair in pairs.items():
        for item in pair:
            end -= len(item)
            page[end : end + len(item)] = item
            offsets.append(end)
    struct.pack_into(f"<{len(offsets) + 1}H", page, 0, len(offsets), *offsets)
    return bytes(page)


short = st.binary(max_size=40)


@given(st.lists(st.dictionaries(short, short, max_size=8), max_size=4))
def test_pages_give_back_what_was_put_in(pages: list[dict[bytes, bytes]]) -> None:
    data = b"".join(map(sdbm_page, pages))
    with_suffix(data, ".pag", {key: value for page in pages for key, value in page.items()})


def with_suffix(data: bytes, suffix: str, expected: dict[bytes, bytes]) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(data)
        file.flush()
        found = read_dbm(file.name)
    assert found == {
        key.decode("latin-1"): value.decode("latin-1") for key, value in expected.items()
    }


@given(
    st.sampled_from([b"\x61\x15\x06\x00", b"\xce\x9a\x57\x13", b"\x00\x06\x15\x61"]),
    st.binary(max_size=3000),
)
def test_no_file_does_more_than_be_refused(magic: bytes, data: bytes) -> None:
    import tempfile

    place = 0 if magic[0] == 0xCE else 12
    data = data[:place].ljust(place, b"\0") + magic + data[place:]
    for suffix in ("", ".pag"):
        with tempfile.NamedTemporaryFile(suffix=suffix) as file:
            file.write(data)
            file.flush()
            try:
                read_dbm(file.name)
            except ValueError:
                continue


def test_the_kind_says_which_files(tmp_path: Path) -> None:
    path = f"{tmp_path}/map"
    assert files_of("sdbm", path) == (f"{path}.pag", f"{path}.dir")
    assert files_of("db", path) == (path,)
    assert files_of("default", path) == (path,)
    Path(f"{path}.pag").touch()
    assert files_of("default", path) == (f"{path}.pag", f"{path}.dir")
