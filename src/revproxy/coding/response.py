"""The head of a response that is coded or decoded on its way: Content-Encoding, ETag, Vary.

Laws:
- An entity tag tells representations apart: coding adds a suffix within its quotes, or removes it,
  as `*AlterETag` says (`deflate_check_etag`).
- Content-Length and Content-MD5 are of the body as it was.
"""

from __future__ import annotations

from typing import Final

from revproxy.http.fields import Fields
from revproxy.http.message import Exchange

_NO_CODING: Final = frozenset(("identity", "7bit", "8bit", "binary"))


def content_codings(exchange: Exchange) -> list[str]:
    """The codings that the response has, in the order they were applied; none for identity."""
    values = [*exchange.out.get_all("content-encoding"), *exchange.err.get_all("content-encoding")]
    words = [word.strip() for value in values for word in value.split(",")]
    return [word for word in words if word and word not in _NO_CODING]


def set_coding(exchange: Exchange, coding: str) -> None:
    """Say that the body is in a coding now."""
    out = exchange.out
    present = out.get("content-encoding")
    if present is None or present.lower() == "identity":
        out.set("Content-Encoding", coding)
    else:
        out.append("Content-Encoding", coding)
    changed_body(exchange)


def drop_coding(exchange: Exchange, coding: str) -> None:
    """Say that the outermost coding is gone."""
    for table in (exchange.out, exchange.err):
        value = table.get("content-encoding")
        if value is None:
            continue
        words = [word.strip() for word in value.split(",")]
        while words and words[-1].lower() in ("", "identity"):
            words.pop()
        if words and words[-1].lower() in (coding, f"x-{coding}"):
            words.pop()
        if words:
            table.set("Content-Encoding", ",".join(words))
        else:
            table.unset("Content-Encoding")
        return


def changed_body(exchange: Exchange) -> None:
    """The body is not what the origin measured."""
    exchange.out.unset("Content-Length")
    exchange.out.unset("Content-MD5")


def alter_etag(fields: Fields, suffix: str, how: str) -> None:
    """Change the entity tag: `how` is addsuffix, nochange or remove."""
    tag = fields.get("etag")
    if how == "remove":
        fields.unset("ETag")
    elif how == "addsuffix" and tag is not None and len(tag) > 2 and tag.endswith('"'):
        fields.set("ETag", f'{tag[:-1]}-{suffix}"')
