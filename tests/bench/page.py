"""A page of HTML as sites send it, the same at every run: prose, tables, cards, scripts, styles.

Laws:
- A tag for every 25 octets, a link for every 550, four of ten of them absolute.
- Words are made of syllables by Zipf's law, so that the page compresses as text does (four to one).
"""

from __future__ import annotations

import random
from collections.abc import Iterator

_SYLLABLES = ("ka", "lo", "mi", "ter", "sen", "pro", "va", "ne", "tion", "al", "is", "com", "re")


def page(origin: str, size: int) -> bytes:
    """A document of about `size` octets whose absolute links point to `origin`."""
    chance = random.Random(4711)
    words = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(3000)]
    weights = [1 / (rank + 3) for rank in range(len(words))]

    def prose(count: int) -> str:
        return " ".join(chance.choices(words, weights, k=count))

    def link() -> str:
        where = "/".join(chance.choices(words, k=chance.randint(1, 3)))
        base = origin if chance.random() < 0.4 else ""
        return f"{base}/{where}.html?id={chance.randint(1, 9999)}"

    parts = [_HEAD.format(origin=origin)]
    length = len(parts[0])
    while length < size:
        for piece in _section(chance, prose, link):
            parts.append(piece)
            length += len(piece)
    parts.append("</main></body>\n</html>\n")
    return "".join(parts).encode()


def _section(chance, prose, link) -> Iterator[str]:
    name = prose(2)
    yield f'<section class="block wide" id="s{chance.randint(1, 99999)}">\n<h2>{name}</h2>\n'
    for _ in range(chance.randint(2, 5)):
        yield f'<p class="text">{prose(14)} <em>{prose(2)}</em> {prose(9)} <a href="{link()}">'
        yield f"{prose(2)}</a>, <b>{prose(1)}</b> {prose(18)}.</p>\n"
    yield '<table class="data"><thead><tr><th scope="col">A</th><th>B</th></tr></thead><tbody>\n'
    for _ in range(chance.randint(3, 8)):
        yield f'<tr><td class="num">{chance.randint(1, 9999)}</td><td>{prose(3)}</td></tr>\n'
    yield '</tbody></table>\n<ul class="list">\n'
    for _ in range(chance.randint(2, 5)):
        yield f'<li class="item"><span class="icon"></span>{prose(4)}</li>\n'
    yield f'</ul><div class="card"><img class="pic" src="{link()}" alt="{prose(3)}" width="320">'
    yield f'<div class="body" data-id="{chance.randint(1, 999)}">{prose(8)}</div></div></section>\n'


_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>A page</title>
<link rel="stylesheet" href="{origin}/style.css">
<style>.text {{ margin: 0 }} .pic {{ background: url({origin}/pic.png) }}</style>
<script>if (1 < 2 && "<a href='x'>".length) {{ console.log("ready"); }}</script>
</head>
<body>
<!-- the page begins here -->
<main>
"""
