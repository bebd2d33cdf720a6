"""What a negotiated response says of itself: Vary, TCN and Alternates (RFC 2295), and the list.

Laws:
- Vary names what differs between the variants, whether or not the choice depended on it.
- Text from a type map stands in the list as it is: it is its author's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from revproxy.http.fields import Fields
from revproxy.http.pages import escape_html
from revproxy.negotiation.variant import Variant

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9$\-_.+!*'(),:@&=~]")


def escape_segment(name: str) -> str:
    """A name as one segment of a path, `/` escaped too (`ap_escape_path_segment`)."""
    return _UNSAFE.sub(lambda found: f"%{ord(found[0]):02x}", name)


def set_fields(
    table: Fields,
    variants: Sequence[Variant],
    length_of: Callable[[Variant], int],
    *,
    transparent: bool,
    alternates: bool,
    is_list: bool,
) -> None:
    """Set Vary, and TCN and Alternates where they belong."""
    if alternates and variants:
        told = (_alternate(variant, length_of) for variant in variants)
        table.append("Alternates", ", ".join(told))
    vary = ["negotiate"] if transparent else []
    for name, values in (
        ("accept", {variant.type for variant in variants}),
        ("accept-language", {variant.languages for variant in variants}),
        ("accept-charset", {variant.charset for variant in variants}),
        ("accept-encoding", {variant.encoding or "" for variant in variants}),
    ):
        if len(values) > 1:
            vary.append(name)
    if vary:
        table.append("Vary", ", ".join(vary))
    if transparent:
        table.set("TCN", "list" if is_list else "choice")


def _alternate(variant: Variant, length_of: Callable[[Variant], int]) -> str:
    parts = [
        f'"{escape_segment(variant.name)}"',
        f"{variant.source_quality:.3f}".rstrip("0").rstrip("."),
    ]
    if variant.type:
        parts.append(f"{{type {variant.type}}}")
    if variant.charset:
        parts.append(f"{{charset {variant.charset}}}")
    if variant.languages:
        parts.append(f"{{language {','.join(variant.languages)}}}")
    if variant.encoding:
        parts.append(f"{{encoding {variant.encoding}}}")
    has_handler = variant.look_up is not None and variant.look_up.exchange.handler is not None
    if not has_handler and (length := length_of(variant)) >= 0:
        parts.append(f"{{length {length}}}")
    return f"{{{' '.join(parts)}}}"


def variant_list(variants: Sequence[Variant]) -> str:
    """The variants as a list in HTML."""
    lines = []
    for variant in variants:
        said = [
            f'<li><a href="{escape_segment(variant.name)}">{escape_html(variant.name)}</a> '
            f"{variant.description}"
        ]
        if variant.type:
            said.append(f"type {variant.type}")
        if variant.languages:
            said.append(f"language {','.join(variant.languages)}")
        if variant.charset:
            said.append(f"charset {variant.charset}")
        if variant.encoding is not None:
            said.append(f"encoding {variant.encoding}")
        lines.append(f"{', '.join(said)}</li>\n")
    return f"Available variants:\n<ul>\n{''.join(lines)}</ul>\n"
