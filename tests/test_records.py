"""`records.dataclass` makes what the standard library's does."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from revproxy.records import dataclass


def both(make: Callable[[Any], type]) -> tuple[type, type]:
    return make(dataclass), make(dataclasses.dataclass)


def plain(decorate: Any) -> type:
    @decorate(slots=True)
    class Plain:
        first: int
        second: str = "two"
        third: list[int] = dataclasses.field(default_factory=list)
        hidden: int = dataclasses.field(default=0, repr=False, compare=False)
        kind: ClassVar[str] = "plain"

    return Plain


def frozen(decorate: Any) -> type:
    @decorate(frozen=True, slots=True)
    class Frozen:
        first: int
        second: str = "two"
        third: tuple[int, ...] = dataclasses.field(default_factory=tuple)

        @property
        def both(self) -> str:
            return f"{self.first}{self.second}"

    return Frozen


def unlike(decorate: Any) -> type:
    @decorate(frozen=True, slots=True, eq=False)
    class Unlike:
        first: int

    return Unlike


def completed(decorate: Any) -> type:
    @decorate(slots=True)
    class Completed:
        name: str
        key: str = dataclasses.field(init=False)
        count: int = dataclasses.field(default=3, init=False)
        seen: list[int] = dataclasses.field(default_factory=list, init=False)

        def __post_init__(self) -> None:
            self.key = self.name.lower()

    return Completed


def own(decorate: Any) -> type:
    @decorate(frozen=True, slots=True)
    class Own:  # noqa: PLW1641 - the decorator gives it one
        first: int

        def __repr__(self) -> str:
            return "mine"

        def __eq__(self, other: object) -> bool:
            return True

    return Own


def empty(decorate: Any) -> type:
    @decorate(frozen=True, slots=True)
    class Empty:
        """Nothing in it."""

    return Empty


MADE = {
    plain: [(1,), (1, "x"), (1, "x", [2], 5)],
    frozen: [(1,), (1, "x"), (1, "x", (2,))],
    unlike: [(1,)],
    completed: [("Name",)],
    own: [(1,), (2,)],
    empty: [()],
}


@pytest.mark.parametrize("make", MADE)
def test_objects_are_alike(make: Callable[[Any], type]) -> None:
    ours, theirs = both(make)
    assert ours.__slots__ == theirs.__slots__
    assert ours.__match_args__ == theirs.__match_args__
    assert [item.name for item in dataclasses.fields(ours)] == list(ours.__slots__)
    for values in MADE[make]:
        one, other = ours(*values), theirs(*values)
        assert repr(one) == repr(other).replace(theirs.__qualname__, ours.__qualname__)
        for name in ours.__slots__:
            assert getattr(one, name) == getattr(other, name)
        assert (one == ours(*values)) is (other == theirs(*values))
        assert one != other or make is own
        assert (ours.__hash__ is None) is (theirs.__hash__ is None)
        if ours.__hash__ is not None and make is not unlike:
            assert hash(one) == hash(ours(*values))
        if make is not completed:
            assert dataclasses.replace(one) == one or make is unlike


@pytest.mark.parametrize("make", MADE)
def test_objects_differ_by_each_field_that_is_compared(make: Callable[[Any], type]) -> None:
    ours, theirs = both(make)
    first, *others = MADE[make]
    for values in others:
        assert (ours(*first) == ours(*values)) is (theirs(*first) == theirs(*values))


def test_fields_that_are_not_compared_make_no_difference() -> None:
    ours, _ = both(plain)
    assert ours(1, hidden=5) == ours(1, hidden=6)


def test_each_object_has_a_list_of_its_own() -> None:
    ours, _ = both(plain)
    assert ours(1).third is not ours(1).third


@pytest.mark.parametrize("values", [(), (1, "x", [], 0, 9)])
def test_wrong_arguments_are_told_alike(values: tuple[Any, ...]) -> None:
    for _ in range(2):
        told = []
        for made in both(plain):
            with pytest.raises(TypeError) as error:
                made(*values)
            told.append(str(error.value))
        assert told[0] == told[1]
    with pytest.raises(TypeError):
        both(plain)[0](1, unknown=2)


def test_a_frozen_object_stays_as_it_is() -> None:
    for made in both(frozen):
        one = made(1)
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'first'"):
            one.first = 2
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'first'"):
            del one.first
        assert one.both == "1two"


def test_a_subclass_begins_as_its_base_does() -> None:
    made = plain(dataclass)
    inner = type("Inner", (made,), {"__slots__": ()})
    assert inner(1).second == made(1).second == "two"


def test_an_object_that_holds_itself_can_be_shown() -> None:
    ours, theirs = both(plain)
    for made in (ours, theirs):
        one = made(1)
        one.third.append(one)
        assert "..." in repr(one)
