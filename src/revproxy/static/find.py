"""From a file name to a file: what exists, what stands behind it, and which links may be followed.

Laws:
- A name comes from a normalised path, so it has no `..`; one that has is refused all the same.
- What exists but may not be looked at is 403, as in Apache; what does not exist is left to the
  handler, with the rest of the path behind the last directory or file in `path_info`.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass

from revproxy.errors import HTTPError


@dataclass(frozen=True, slots=True)
class Links:
    """Which symbolic links may be followed below `root` (FollowSymLinks, SymLinksIfOwnerMatch)."""

    root: str = ""
    all: bool = True
    same_owner: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a name leads to: `info` is None where nothing is there."""

    name: str
    info: os.stat_result | None
    path_info: str = ""

    @property
    def is_directory(self) -> bool:
        return self.info is not None and stat.S_ISDIR(self.info.st_mode)


def find(name: str, links: Links) -> Found:
    """Look a name up. Raises HTTPError(403) for what may not be looked at."""
    if "\0" in name or "/../" in f"{name}/":
        raise HTTPError(403)
    if not links.all:
        _check_links(name, links)
    info = _stat(name)
    if info is not None:
        if stat.S_ISREG(info.st_mode) and name.endswith("/"):
            # Some systems take `file/` for the file.
            return _behind(name)
        return Found(name, info)
    return _behind(name)


def file_of(name: str) -> str:
    """A name without what stands behind the file in it: what `<Files>` is held against.

    Where no file is there, all of the name counts.
    """
    try:
        found = find(name, Links())
    except HTTPError:
        # Who maps the request says so.
        return name
    return name if found.info is None or found.is_directory else found.name


def _behind(name: str) -> Found:
    """The deepest that exists of a name that does not."""
    end = len(name.rstrip("/")) if name.endswith("/") else name.rfind("/")
    while end > 0:
        info = _stat(name[:end])
        if info is not None:
            if not stat.S_ISDIR(info.st_mode):
                return Found(name[:end], info, name[end:])
            next_end = name.find("/", end + 1)
            if next_end < 0:
                next_end = len(name)
            _refuse_dangling(name[:next_end])
            return Found(name[:next_end], None, name[next_end:])
        end = name.rfind("/", 0, end)
    return Found(name, None)


def _stat(name: str) -> os.stat_result | None:
    try:
        return os.stat(name.encode("latin-1"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _refusal(error, name) from None


def _refuse_dangling(name: str) -> None:
    """A link that leads nowhere is 403, not 404. Raises HTTPError."""
    if os.path.islink(name.encode("latin-1")):
        raise HTTPError(403, f"Symbolic link not allowed or link target not accessible: {name}")


def _check_links(name: str, links: Links) -> None:
    """Refuse a link on the way that may not be followed. Raises HTTPError(403)."""
    below = name.startswith(links.root.rstrip("/") + "/") and links.root != ""
    end = len(links.root.rstrip("/")) if below else 0
    while end < len(name):
        end = name.find("/", end + 1)
        if end < 0:
            end = len(name)
        part = name[:end].encode("latin-1")
        try:
            info = os.lstat(part)
            if not stat.S_ISLNK(info.st_mode):
                continue
            if links.same_owner and os.stat(part).st_uid == info.st_uid:
                continue
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise _refusal(error, name) from None
        raise HTTPError(
            403, f"Symbolic link not allowed or link target not accessible: {name[:end]}"
        )


def _refusal(error: OSError, name: str) -> HTTPError:
    if error.errno == errno.ENAMETOOLONG:
        return HTTPError(403)
    reason = error.strerror or str(error)
    return HTTPError(403, f"access to {name} denied ({reason})")
