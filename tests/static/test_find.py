"""From names to files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from revproxy.errors import HTTPError
from revproxy.static.find import find, follow, may_follow_all, resolved


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
    result = find(f"{root}{name}")
    assert (result.name, result.path_info) == (f"{root}{found}", path_info)
    assert (result.info is not None) == (kind != "none")
    assert result.is_directory == (kind == "directory")


@pytest.mark.parametrize("name", ["/a\0b", "/nowhere", "/nowhere/x", f"/{'x' * 300}"])
def test_what_is_refused(root: Path, name: str) -> None:
    with pytest.raises(HTTPError) as caught:
        find(f"{root}{name}")
    assert caught.value.status == 403


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("/a/b", "/a/b"),
        ("/a//b/", "/a/b/"),
        ("/a/./b/../c", "/a/c"),
        ("/a/b/..", "/a/"),
        ("/a/..", "/"),
        ("/.a/..b", "/.a/..b"),
        ("/a/../../b", "/b"),
    ],
)
def test_dots_and_empty_segments(name: str, expected: str) -> None:
    assert resolved(name) == expected


def test_nothing_is_above_the_root() -> None:
    with pytest.raises(HTTPError):
        resolved("/a/../../b", below_root=True)


def test_links_that_may_not_be_followed(root: Path) -> None:
    follow(f"{root}/sub", ())
    follow(f"{root}/none", ())
    for name in ("/link", "/linked"):
        with pytest.raises(HTTPError, match="Symbolic link not allowed"):
            follow(f"{root}{name}", ())


def test_links_of_the_same_owner(root: Path) -> None:
    owned = frozenset(("SymLinksIfOwnerMatch",))
    follow(f"{root}/link", owned)
    (root / "link").unlink()
    (root / "link").symlink_to("/etc/passwd")
    if os.getuid() == 0:
        os.lchown(root / "link", 1, 1)
    with pytest.raises(HTTPError):
        follow(f"{root}/link", owned)


def test_the_owner_counts_where_both_are_said() -> None:
    assert may_follow_all({"FollowSymLinks"})
    assert not may_follow_all({"FollowSymLinks", "SymLinksIfOwnerMatch"})


def test_octets_that_are_no_text(root: Path) -> None:
    (root / os.fsdecode(b"\xff\xe4")).write_text("x")
    assert find(f"{root}/\xff\xe4").info is not None
