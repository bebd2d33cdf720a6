"""From a file name to a file: what exists, what stands behind it, and which links may be followed.

Laws:
- Empty segments, `.` and `..` of a name (a rule may have written them) are resolved first.
- What exists but may not be looked at is 403, as in Apache; what does not exist is left to the
  handler, with the rest of the path behind the last directory or file in `path_info`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Container

from revproxy.errors import HTTPError
from revproxy.records import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """What a name leads to: `info` is None where nothing is there."""

    name: str
    info: os.stat_result | None
    path_info: str = ""

    @property
    def is_directory(self) -> bool:
        return self.info is not None and stat.S_ISDIR(self.info.st_mode)


def resolved(name: str, *, below_root: bool = False) -> str:
    """A name without empty segments, `.` and `..`; above the root there is the root.

    With `below_root` it must not lead there. Raises HTTPError(403).
    """
    if "//" not in name and "/." not in name:
        return name
    kept: list[str] = []
    for segment in name.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
            elif below_root:
                raise HTTPError(403)
        elif segment not in ("", "."):
            kept.append(segment)
    ends_open = name.endswith(("/", "/.", "/..")) and kept
    return "/" + "/".join(kept) + ("/" if ends_open else "")


def find(name: str) -> Found:
    """Look a name up. Raises HTTPError(403) for what may not be looked at."""
    if "\0" in name:
        raise HTTPError(403)
    info = _stat(name)
    if info is not None:
        if stat.S_ISREG(info.st_mode) and name.endswith("/"):
            # Some systems take `file/` for the file.
            return _behind(name)
        return Found(name, info)
    return _behind(name)


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
        raise _link_refused(name)


def may_follow_all(options: Container[str]) -> bool:
    """With these Options nothing has to be known of a link to follow it."""
    return "FollowSymLinks" in options and "SymLinksIfOwnerMatch" not in options


def follow(name: str, options: Container[str]) -> None:
    """Refuse a link that these Options do not let be followed. Raises HTTPError(403)."""
    path = name.encode("latin-1")
    try:
        info = os.lstat(path)
        if not stat.S_ISLNK(info.st_mode):
            return
        if "SymLinksIfOwnerMatch" in options and os.stat(path).st_uid == info.st_uid:
            return
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise _refusal(error, name) from None
    raise _link_refused(name)


def _link_refused(name: str) -> HTTPError:
    return HTTPError(403, f"Symbolic link not allowed or link target not accessible: {name}")


def _refusal(error: OSError, name: str) -> HTTPError:
    if error.errno == errno.ENAMETOOLONG:
        return HTTPError(403)
    reason = error.strerror or str(error)
    return HTTPError(403, f"access to {name} denied ({reason})")
