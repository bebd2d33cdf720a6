"""A variant: one of the representations that a resource may have.

Laws:
- What it is comes from a type map or a file's name; what it is worth to a client is worked out
  once a request, in place.
"""

from __future__ import annotations

from typing import Any

from revproxy.negotiation.accept import HTML, SERVER_PARSED, parse_range
from revproxy.records import dataclass


@dataclass(slots=True)
class Variant:
    """What a variant is, and how good it is for a client by each measure."""

    name: str = ""
    """The file beside the resource, or the URL path in a type map."""
    type: str = ""
    encoding: str | None = None
    languages: tuple[str, ...] = ()
    charset: str = ""
    description: str = ""
    source_quality: float = 0.0
    """`qs`: how good the variant is by itself; 0 where nothing is known of its type."""
    level: float = 0.0
    length: int | None = None
    """In octets; None where nobody has looked."""
    body: bytes | None = None
    """The content itself, from a type map."""
    look_up: Any = None
    """What a sub-request found (`subrequest.LookUp`)."""

    type_quality: float = 1.0
    language_quality: float = 1.0
    charset_quality: float = 1.0
    encoding_quality: float = 1.0
    level_matched: float = 0.0
    stars: int = 0
    """How exactly a type is accepted: 1 by */*, 2 by type/*, 3 by its name."""
    priority: int | None = None
    """The place of its language in LanguagePriority."""
    is_definite: bool = True
    """The client has said of it all that RFC 2296 asks for."""

    @property
    def is_html(self) -> bool:
        return self.type == HTML or self.type in SERVER_PARSED

    def set_type(self, text: str) -> None:
        """Take type, charset, level and source quality of a Content-Type."""
        item, _ = parse_range(text)
        self.type, self.source_quality = item.name, item.quality
        self.level, self.charset = item.level, item.charset


def is_identity(encoding: str | None) -> bool:
    """No encoding, by one of its names."""
    return not encoding or encoding in ("7bit", "8bit", "binary")
