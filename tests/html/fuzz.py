"""`make fuzz-html`: random documents, the scanner against lxml."""

from __future__ import annotations

import random
import sys

from tests.html.judge import FRAGMENTS, compare


def main(count: int, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(count):
        if chance.random() < 0.9:
            text = "".join(chance.choices(FRAGMENTS, k=chance.randint(1, 12)))
        else:
            text = "".join(chance.choices("<>!-/= \"'ahrefscipt&#;\n", k=chance.randint(5, 60)))
        document = f"<html><body>{text}".encode()
        try:
            compare(document, chance.choice((1, 2, 3, 7, 1 << 16)))
        except AssertionError as error:
            sys.exit(f"document {number} of seed {seed}: {error}")
    print(f"{count} documents: the links that lxml finds, and no other octet changed")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3]))
