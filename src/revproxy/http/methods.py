"""The request methods that Apache knows by number; all others are told apart by name alone."""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
    GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK
    UNLOCK VERSION-CONTROL CHECKOUT UNCHECKOUT CHECKIN UPDATE LABEL REPORT MKWORKSPACE MKACTIVITY
    BASELINE-CONTROL MERGE
    """
METHODS: Final = frozenset(_NAMES.split())
