"""The group of Diffie-Hellman key exchanges (DHE), for files that ask for such suites.

Laws:
- What stands in the first certificate's file counts, then ffdhe2048; SSLOpenSSLConfCmd DHParameters
  comes later and counts most.
- Without a word in the file there is none: TLS 1.2 has elliptic curves, which cost a server less.
"""

from __future__ import annotations

import re
import ssl
from typing import Final

from revproxy.tls.memory import in_memory

_BLOCK: Final = re.compile(
    r"-----BEGIN (X9\.42 )?DH PARAMETERS-----.*?-----END (X9\.42 )?DH PARAMETERS-----", re.S
)
_FFDHE2048: Final = """\
-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""
"""RFC 7919, appendix A.1."""


def set_group(context: ssl.SSLContext, text: str, *, is_asked: bool) -> None:
    """Take the group of a certificate's file, or the standard one where suites are `is_asked` for.

    Raises ssl.SSLError.
    """
    found = _BLOCK.search(text)
    if found is not None or is_asked:
        with in_memory(found[0] if found is not None else _FFDHE2048) as path:
            context.load_dh_params(path)
