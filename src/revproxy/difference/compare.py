"""What two configurations say differently.

Laws:
- Every difference is told once, where it stands: a line that came, went, changed, or moved past one
  that it has to do with.
- Virtual hosts are the same by addresses and ServerName; which of them is the first of an address
  counts, and of those that claim the same name which comes first.
"""

from __future__ import annotations

import bisect
import fnmatch
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from revproxy.config.tree import Configuration, Directive
from revproxy.difference.meaning import Item, are_related, corner, items_of, names_of
from revproxy.errors import Location
from revproxy.records import dataclass

HostKey: TypeAlias = tuple[tuple[str, ...], str, int]
"""Addresses, ServerName, and how many before have the same."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two configurations say differently."""

    kind: str
    """"added", "removed", "changed" or "moved"."""
    where: str
    before: str = ""
    after: str = ""
    before_place: Location | None = None
    after_place: Location | None = None


def compare(first: Configuration, second: Configuration) -> list[Difference]:
    """All that differs, the main server first."""
    found = list(_place("main server", first.directives, second.directives))
    before, after = _hosts(first), _hosts(second)
    found += _readdressed(before, after)
    for key, host in before.items():
        if key in after:
            found += _place(_shown(host), host.children or (), after[key].children or ())
        else:
            found.append(_gone(host, _shown(host)))
    found += [_come(host, _shown(host)) for key, host in after.items() if key not in before]
    return found + list(_order_of_hosts(before, after))


def _gone(directive: Directive, where: str, text: str = "") -> Difference:
    place = directive.location
    return Difference("removed", where, text or place.source.strip(), before_place=place)


def _come(directive: Directive, where: str, text: str = "") -> Difference:
    place = directive.location
    return Difference("added", where, after=text or place.source.strip(), after_place=place)


# Virtual hosts.


def _readdressed(
    before: dict[HostKey, Directive], after: dict[HostKey, Directive]
) -> Iterator[Difference]:
    """Hosts that have their name alone in common with one: they are taken for the same."""
    gone = [key for key in before if key not in after and key[1]]
    for key in [key for key in after if key not in before and key[1]]:
        partner = next((one for one in gone if one[1] == key[1]), None)
        if partner is None:
            continue
        gone.remove(partner)
        old, new = before[partner], after[key]
        texts = old.location.source.strip(), new.location.source.strip()
        where = f"virtual host {key[1]}"
        yield Difference("changed", where, *texts, old.location, new.location)
        before[key] = before.pop(partner)


def _hosts(configuration: Configuration) -> dict[HostKey, Directive]:
    found: dict[HostKey, Directive] = {}
    for directive in configuration.directives:
        if directive.key == "virtualhost" and not directive.refused:
            addresses = tuple(sorted(value.lower() for value in directive.values))
            name = next(iter(names_of(directive.children or ())), "")
            number = 0
            while (addresses, name, number) in found:
                number += 1
            found[addresses, name, number] = directive
    return found


def _shown(host: Directive) -> str:
    names = names_of(host.children or ())
    addresses = " ".join(host.values)
    return f"virtual host {names[0]} ({addresses})" if names else f"virtual host {addresses}"


def _order_of_hosts(
    before: dict[HostKey, Directive], after: dict[HostKey, Directive]
) -> Iterator[Difference]:
    """Which host is the first of an address, and which of two has a name that both claim."""
    for address in dict.fromkeys(word for key in before for word in key[0]):
        old = [key for key in before if address in key[0]]
        new = [key for key in after if address in key[0]]
        if not new:
            continue
        if old[0] != new[0]:
            first, second = before[old[0]], after[new[0]]
            yield Difference(
                "changed",
                f"the first virtual host of {address}, which takes names that nobody has",
                _shown(first),
                _shown(second),
                first.location,
                second.location,
            )
        common = [key for key in old if key in after]
        place = {key: index for index, key in enumerate(new)}
        for index, one in enumerate(common):
            for other in common[index + 1 :]:
                if place[other] < place[one] and _share_a_name(before[one], before[other]):
                    yield Difference(
                        "moved",
                        f"virtual hosts of {address} that claim the same name",
                        f"{_shown(before[one])} before {_shown(before[other])}",
                        f"{_shown(after[other])} before {_shown(after[one])}",
                        before[one].location,
                        after[one].location,
                    )


def _share_a_name(first: Directive, second: Directive) -> bool:
    return any(
        fnmatch.fnmatchcase(one, other) or fnmatch.fnmatchcase(other, one)
        for one in names_of(first.children or ())
        for other in names_of(second.children or ())
    )


# The lines of one place.


def _place(
    where: str, first: Iterable[Directive], second: Iterable[Directive]
) -> Iterator[Difference]:
    yield from _items(where, items_of(first), items_of(second))


def _items(where: str, before: Sequence[Item], after: Sequence[Item]) -> Iterator[Difference]:
    pairs, gone, come = _paired(before, after)
    changed: list[tuple[Item, Item]] = []
    for item in gone:
        partner = next((one for one in come if one.identity == item.identity), None)
        if partner is None:
            yield _gone(item.directive, where, item.text)
            continue
        come.remove(partner)
        changed.append((item, partner))
    for old, new in changed:
        if old.directive.is_section and old.words == new.words:
            name = f"{where}, {old.directive.location.source.strip()}"
            yield from _items(name, old.children, new.children)
        else:
            places = old.directive.location, new.directive.location
            yield Difference("changed", where, old.text, new.text, *places)
    for item in come:
        yield _come(item.directive, where, item.text)
    yield from _moved(where, before, after, pairs + changed)


def _paired(
    before: Sequence[Item], after: Sequence[Item]
) -> tuple[list[tuple[Item, Item]], list[Item], list[Item]]:
    """Those that mean the same, each with its partner; those that are gone; those that are new."""
    waiting: dict[object, list[Item]] = {}
    for item in after:
        waiting.setdefault((item.domain, item.meaning), []).append(item)
    pairs, gone = [], []
    for item in before:
        partners = waiting.get((item.domain, item.meaning))
        if partners:
            pairs.append((item, partners.pop(0)))
        else:
            gone.append(item)
    taken = Counter(id(partner) for _, partner in pairs)
    return pairs, gone, [item for item in after if not taken[id(item)]]


def _moved(
    where: str, before: Sequence[Item], after: Sequence[Item], pairs: Sequence[tuple[Item, Item]]
) -> Iterator[Difference]:
    """Items that stand on the other side of one that they have to do with."""
    old_at = {id(item): index for index, item in enumerate(before)}
    new_at = {id(item): index for index, item in enumerate(after)}
    domains: dict[str, list[tuple[Item, Item]]] = {}
    for old, new in sorted(pairs, key=lambda pair: old_at[id(pair[0])]):
        domains.setdefault(old.domain, []).append((old, new))
    for found in domains.values():
        order = [new_at[id(new)] for _, new in found]
        kept = _longest_rise(order)
        corners = _corners(found) if len(kept) < len(found) else {}
        for index, (old, new) in enumerate(found):
            if index in kept:
                continue
            past = _passed(found, order, index, corners)
            if past is not None:
                yield _move(where, old, new, past, is_later=order[index] > new_at[id(past)])


def _corners(found: Sequence[tuple[Item, Item]]) -> dict[str | None, list[int]]:
    """The items by corner, by their indexes."""
    corners: dict[str | None, list[int]] = {None: []}
    for index, (old, _) in enumerate(found):
        corners.setdefault(corner(old), []).append(index)
    return corners


def _passed(
    found: Sequence[tuple[Item, Item]],
    order: Sequence[int],
    index: int,
    corners: dict[str | None, list[int]],
) -> Item | None:
    """The first item that another one has passed, and may not without notice; in its new form."""
    old, _ = found[index]
    own = corner(old)
    near = range(len(found)) if own is None else sorted({*corners[own], *corners[None]})
    for other in near:
        partner, new = found[other]
        crossed = (other < index) is not (order[other] < order[index])
        if other != index and crossed and are_related(old, partner):
            return new
    return None


def _move(where: str, old: Item, new: Item, past: Item, *, is_later: bool) -> Difference:
    side, former = ("behind", "before") if is_later else ("before", "behind")
    return Difference(
        "moved",
        where,
        f"{old.text} {former} {past.text}",
        f"{new.text} {side} {past.text}",
        old.directive.location,
        new.directive.location,
    )


def _longest_rise(order: Sequence[int]) -> set[int]:
    """The indexes of a longest part that rises: what has kept its order."""
    ends: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for index, value in enumerate(order):
        position = bisect.bisect_left(ends, value)
        before.append(at[position - 1] if position else -1)
        if position == len(ends):
            ends.append(value)
            at.append(index)
        else:
            ends[position], at[position] = value, index
    found: set[int] = set()
    index = at[-1] if at else -1
    while index >= 0:
        found.add(index)
        index = before[index]
    return found
