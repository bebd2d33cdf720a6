"""From names to files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from revproxy.errors import HTTPError
from revproxy.static.find import Links, find


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "sub" / "a.txt").write_text("a")
    (tmp_path / "link").symlink_to(tmp_path / "sub" / "a.txt")
    (tmp_path / "linked").symlink_to(tmp_path / "sub")
    (tmp_path / "nowhere").symlink_to("/no/such/file")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "found", "path_info", "kind"),
    [
        ("/sub/a.txt", "/sub/a.txt", "", "file"),
        ("/sub/a.txt/", "/sub/a.txt", "/", "file"),
        ("/sub/a.txt/x/y", "/sub/a.txt", "/x/y", "file"),
        ("/sub", "/sub", "", "directory"),
        ("/sub/", "/sub/", "", "directory"),
        ("/sub/none/x/y", "/sub/none", "/x/y", "none"),
        ("/sub/none", "/sub/none", "", "none"),
        ("/none/", "/none", "/", "none"),
        ("/linked/a.txt/x", "/linked/a.txt", "/x", "file"),
    ],
)
def test_a_name(root: Path, name: str, found: str, path_info: str, kind: str) -> None:
    result = find(f"{root}{name}", Links())
    assert (result.name, result.path_info) == (f"{root}{found}", path_info)
    assert (result.info is not None) == (kind != "none")
    assert result.is_directory == (kind == "directory")


@pytest.mark.parametrize(
    "name", ["/sub/../sub/a.txt", "/..", "/a\0b", "/nowhere", "/nowhere/x", f"/{'x' * 300}"]
)
def test_what_is_refused(root: Path, name: str) -> None:
    with pytest.raises(HTTPError) as caught:
        find(f"{root}{name}", Links())
    assert caught.value.status == 403


def test_links_that_may_not_be_followed(root: Path) -> None:
    strict = Links(str(root), all=False)
    assert find(f"{root}/sub/a.txt", strict).info is not None
    assert find(f"{root}/none", strict).info is None
    for name in ("/link", "/linked/a.txt", "/linked"):
        with pytest.raises(HTTPError, match="Symbolic link not allowed"):
            find(f"{root}{name}", strict)


def test_links_of_the_same_owner(root: Path) -> None:
    owned = Links(str(root), all=False, same_owner=True)
    assert find(f"{root}/link", owned).info is not None
    (root / "link").unlink()
    (root / "link").symlink_to("/etc/passwd")
    if os.getuid() == 0:
        os.lchown(root / "link", 1, 1)
    with pytest.raises(HTTPError):
        find(f"{root}/link", owned)


def test_links_above_the_root_are_the_administrators(root: Path) -> None:
    below = Links(f"{root}/linked", all=False)
    assert find(f"{root}/linked/a.txt", below).info is not None


def test_without_a_root_every_part_counts(root: Path) -> None:
    with pytest.raises(HTTPError):
        find(f"{root}/linked/a.txt", Links("", all=False))


def test_octets_that_are_no_text(root: Path) -> None:
    (root / os.fsdecode(b"\xff\xe4")).write_text("x")
    assert find(f"{root}/\xff\xe4", Links()).info is not None
