"""PCRE2 itself, by ctypes: the judge of what a pattern means, compiled as Apache compiles it."""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any

_CASELESS, _DOLLAR_ENDONLY, _DOTALL, _DUPNAMES = 0x8, 0x10, 0x20, 0x40
_UNSET = 2 ** (8 * ctypes.sizeof(ctypes.c_size_t)) - 1


def _library() -> Any:
    name = ctypes.util.find_library("pcre2-8")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.pcre2_compile_8.restype = ctypes.c_void_p
    library.pcre2_compile_8.argtypes = [
        *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint32),
        *(ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_size_t), ctypes.c_void_p),
    ]
    library.pcre2_match_data_create_from_pattern_8.restype = ctypes.c_void_p
    library.pcre2_match_data_create_from_pattern_8.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.pcre2_match_8.argtypes = [
        *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_uint32),
        *(ctypes.c_void_p, ctypes.c_void_p),
    ]
    library.pcre2_get_ovector_pointer_8.restype = ctypes.POINTER(ctypes.c_size_t)
    library.pcre2_get_ovector_pointer_8.argtypes = [ctypes.c_void_p]
    library.pcre2_get_ovector_count_8.argtypes = [ctypes.c_void_p]
    library.pcre2_match_data_free_8.argtypes = [ctypes.c_void_p]
    library.pcre2_code_free_8.argtypes = [ctypes.c_void_p]
    return library


LIBRARY = _library()


class RefusedError(Exception):
    """PCRE2 does not take the pattern; the number of its error."""


class Pattern:
    """A compiled pattern."""

    def __init__(self, text: str, *, ignore_case: bool = False) -> None:
        octets = text.encode("latin-1")
        options = _DOLLAR_ENDONLY | _DOTALL | _DUPNAMES | (_CASELESS if ignore_case else 0)
        error, place = ctypes.c_int(), ctypes.c_size_t()
        self._code = LIBRARY.pcre2_compile_8(
            octets, len(octets), options, ctypes.byref(error), ctypes.byref(place), None
        )
        if not self._code:
            raise RefusedError(error.value)

    def __del__(self) -> None:
        if getattr(self, "_code", None):
            LIBRARY.pcre2_code_free_8(self._code)

    def search(self, subject: str) -> tuple[str | None, ...] | None:
        """The whole match and its groups; None for no match. Raises RefusedError for an error."""
        octets = subject.encode("latin-1")
        data = LIBRARY.pcre2_match_data_create_from_pattern_8(self._code, None)
        try:
            count = LIBRARY.pcre2_match_8(self._code, octets, len(octets), 0, 0, data, None)
            if count < -1:
                raise RefusedError(count)
            if count < 0:
                return None
            pairs = LIBRARY.pcre2_get_ovector_pointer_8(data)
            found: list[str | None] = []
            for index in range(LIBRARY.pcre2_get_ovector_count_8(data)):
                start, end = pairs[2 * index], pairs[2 * index + 1]
                unset = start == _UNSET or index >= count
                found.append(None if unset else octets[start:end].decode("latin-1"))
            return tuple(found)
        finally:
            LIBRARY.pcre2_match_data_free_8(data)
