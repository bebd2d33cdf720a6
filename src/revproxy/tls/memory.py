"""Text for OpenSSL, which takes files alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def in_memory(text: str) -> Iterator[str]:
    """The path of a file that is in memory alone, for the length of a block. Raises OSError."""
    descriptor = os.memfd_create("pem")
    try:
        with open(descriptor, "w", encoding="latin-1", closefd=False) as file:
            file.write(text)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
