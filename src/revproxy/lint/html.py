"""What rules ask of mod_proxy_html: where its filter is, and what it gets to read."""

from __future__ import annotations

from collections.abc import Iterator

from revproxy.lint.rule import Line, ServerLines


def html_filters(server: ServerLines) -> Iterator[Line]:
    """A server's own lines that put the filter to work."""
    for line in server.named("proxyhtmlenable", "setoutputfilter", "addoutputfilterbytype"):
        word = line.values[0].lower() if line.values else ""
        if word == "on" if line.key == "proxyhtmlenable" else "proxy-html" in word.split(";"):
            yield line


def is_uncompressed(server: ServerLines) -> bool:
    """Whether something keeps compressed pages from the filter."""
    for line in server.in_force("requestheader"):
        words = [word.lower() for word in line.values]
        if "accept-encoding" in words[:3]:
            return True
    return any(
        "inflate" in word.lower()
        for line in server.in_force("setoutputfilter", "addoutputfilterbytype", "filterprovider")
        for word in line.values
    )
