"""The choice: how good each variant is for a client, and which is the best.

Laws:
- Apache's own algorithm: type and source, then language, LanguagePriority, level, charset,
  encoding, length. The first that differs decides; of equals the first one is kept.
- A client that asks for RVSA/1.0 (RFC 2296) gets its product of qualities, and a list where the
  best is not definite.
- `prefer-language` is tried first, and forgotten where it leads to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from revproxy.negotiation.accept import HTML, SCRIPT, SERVER_PARSED, Range, Wishes, single
from revproxy.negotiation.variant import Variant, is_identity
from revproxy.negotiation.wanted import Policy
from revproxy.records import dataclass

_FEW: Final = single(0.0001)
_NEAR: Final = single(0.001)
_ANY_TYPE: Final = single(0.01)
_ANY_SUBTYPE: Final = single(0.02)
_HALF: Final = 0.5
_LATIN: Final = "iso-8859-1"


@dataclass(frozen=True, slots=True)
class Choice:
    """The best variant, None for none; `is_list` where the client has to choose."""

    best: Variant | None
    is_list: bool


def choose(
    variants: Sequence[Variant],
    wishes: Wishes,
    policy: Policy,
    env: Mapping[str, str],
    length_of: Callable[[Variant], int],
    *,
    prefers_scripts: bool = False,
) -> Choice:
    """The best of the variants. Sets what they are worth."""
    wishes = _with_scripts(wishes, prefers_scripts=prefers_scripts)
    candidates = [variant for variant in variants if not _is_discarded(variant, env)]
    some_languages = any(variant.languages for variant in variants)
    without_language = _FEW if some_languages and not wishes.strict else 1.0
    preferred = env.get("prefer-language")
    if preferred is not None:
        of_language = [variant for variant in candidates if preferred in variant.languages]
        for variant in of_language:
            _set_type_quality(variant, wishes)
            variant.language_quality, variant.is_definite = 1.0, True
            _set_other_qualities(variant, wishes)
        choice = _best(of_language, wishes, length_of)
        if not choice.is_list:
            return choice
    for variant in candidates:
        _set_type_quality(variant, wishes)
        _set_language_quality(variant, wishes, policy, without_language)
        _set_other_qualities(variant, wishes)
    return _best(candidates, wishes, length_of)


def _set_other_qualities(variant: Variant, wishes: Wishes) -> None:
    _set_encoding_quality(variant, wishes.encodings)
    _set_charset_quality(variant, wishes)


def _best(
    variants: Sequence[Variant], wishes: Wishes, length_of: Callable[[Variant], int]
) -> Choice:
    """The best of variants whose qualities are known."""
    best: Variant | None = None
    worth = 0.0
    if not wishes.may_choose:
        return Choice(None, is_list=True)
    for variant in variants:
        if wishes.by_rvsa:
            value = _better_by_rvsa(variant, best, worth)
        else:
            value = _better(variant, best, worth, length_of)
        if value is not None:
            best, worth = variant, value
    return Choice(best, best is None or (wishes.by_rvsa and not best.is_definite))


def _with_scripts(wishes: Wishes, *, prefers_scripts: bool) -> Wishes:
    """Scripts are taken in any case: gladly where a request has something for them."""
    worth = 0.0 if wishes.by_rvsa else 2.0 if prefers_scripts else _NEAR
    types = (Range("*/*"),) if wishes.types is None else wishes.types
    return replace(wishes, types=(*types, Range(SCRIPT, worth)))


def _is_discarded(variant: Variant, env: Mapping[str, str]) -> bool:
    """`no-gzip` and `gzip-only-text/html` rule encoded variants out, as with mod_deflate."""
    if is_identity(variant.encoding) or variant.encoding == "identity":
        return False
    if "no-gzip" in env:
        return True
    return env.get("gzip-only-text/html") == "1" and not variant.type.startswith(HTML)


# How good a variant is.


def _matches_type(item: Range, variant: Variant) -> bool:
    """Whether an item of Accept takes a variant's type. Notes how exactly it does."""
    name = item.name
    if name in ("*", "*/*"):
        variant.stars = max(variant.stars, 1)
        return True
    if len(name) > 2 and name.endswith("/*") and variant.type.startswith(name[:-1]):
        variant.stars = max(variant.stars, 2)
        return True
    is_it = name == variant.type or (name == HTML and variant.type in SERVER_PARSED)
    if not is_it or item.level < variant.level:
        return False
    variant.level_matched, variant.stars = variant.level, 3
    return True


def _set_type_quality(variant: Variant, wishes: Wishes) -> None:
    worth = 0.0
    is_definite = True
    careless = not wishes.strict and not wishes.ranks_types
    for item in wishes.types or ():
        before = variant.stars
        if not _matches_type(item, variant) or before == variant.stars:
            continue
        if careless and variant.stars == 1:
            worth = _ANY_TYPE
        elif careless and variant.stars == 2:
            worth = _ANY_SUBTYPE
        else:
            worth = item.quality
        is_definite = variant.stars == 3
    variant.type_quality = worth
    variant.is_definite = variant.is_definite and is_definite


def _set_language_quality(
    variant: Variant, wishes: Wishes, policy: Policy, without_language: float
) -> None:
    if not variant.languages:
        if not wishes.strict:
            variant.language_quality = without_language
        return
    if wishes.languages is None:
        variant.is_definite = False
    else:
        _match_languages(variant, wishes.languages, strict=wishes.strict)
    _apply_priority(variant, policy)


def _match_languages(variant: Variant, accepted: Sequence[Range], *, strict: bool) -> None:
    """The longest item for each language counts, the best of the languages wins."""
    star = next((item for item in accepted if item.name == "*"), None)
    best: Range | None = None
    fallback = 0.0
    by_star = False
    for language in variant.languages:
        longest: Range | None = None
        for item in accepted:
            name = item.name
            if name == "*":
                continue
            if (language == name or language.startswith(f"{name}-")) and len(name) > (
                0 if longest is None else len(longest.name)
            ):
                longest = item
            # Who asks for en-US and does not list en is given it, before nothing at all.
            careless = longest is None and not strict and "-" in name
            if careless and language.startswith(name.partition("-")[0]):
                fallback = _NEAR
        if best is None or (longest is not None and longest.quality > best.quality):
            best = longest
        by_star = by_star or (longest is None and star is not None)
    if by_star and star is not None and (best is None or star.quality > best.quality):
        best = star
        variant.is_definite = False
    variant.language_quality = fallback if best is None else best.quality


def _apply_priority(variant: Variant, policy: Policy) -> None:
    """What ForceLanguagePriority makes of a variant with languages."""
    wanted = variant.language_quality > 0
    if not (policy.prefers if wanted else policy.falls_back) or (
        wanted and variant.priority is not None
    ):
        return
    places = [
        place
        for language in variant.languages
        for place in [_place(policy.languages, language)]
        if place is not None
    ]
    if not places:
        return
    variant.priority = min(places)
    if not wanted:
        variant.language_quality = _FEW
        variant.is_definite = False


def _place(priorities: Sequence[str], language: str) -> int | None:
    for place, name in enumerate(priorities):
        if language.lower().startswith(name.lower()):
            return place
    return None


def _set_encoding_quality(variant: Variant, accepted: Sequence[Range] | None) -> None:
    plain = is_identity(variant.encoding)
    if accepted is None:
        variant.encoding_quality = 1.0 if plain else _HALF
        return
    name = "identity" if plain or variant.encoding is None else variant.encoding
    name = name.removeprefix("x-")
    star: Range | None = None
    for item in accepted:
        if item.name.removeprefix("x-") == name:
            variant.encoding_quality = item.quality
            return
        if item.name == "*":
            star = item
    if star is not None:
        variant.encoding_quality = star.quality
    else:
        variant.encoding_quality = _FEW if plain else 0.0


def _set_charset_quality(variant: Variant, wishes: Wishes) -> None:
    charset = variant.charset
    if wishes.charsets is None:
        if charset:
            variant.is_definite = False
        return
    if not charset:
        is_text = variant.type.startswith("text/") or variant.type in SERVER_PARSED
        if not is_text or wishes.strict:
            return
        charset = _LATIN
    star: Range | None = None
    for item in wishes.charsets:
        if item.name == charset:
            variant.charset_quality = item.quality
            return
        if item.name == "*":
            star = item
    if star is not None:
        variant.charset_quality = star.quality
        variant.is_definite = False
    else:
        variant.charset_quality = 1.0 if charset == _LATIN else 0.0


# Which of two is better.


def _better_by_rvsa(variant: Variant, best: Variant | None, worth: float) -> float | None:
    """The worth of a variant that is better than the best so far, else None."""
    if not variant.encoding_quality:
        return None
    value = single(variant.type_quality * variant.source_quality)
    value = single(single(value * variant.charset_quality) * variant.language_quality)
    if value <= 0 or value < worth:
        return None
    if value > worth:
        return value
    assert best is not None
    return value if variant.encoding_quality > best.encoding_quality else None


def _better(
    variant: Variant, best: Variant | None, worth: float, length_of: Callable[[Variant], int]
) -> float | None:
    """The worth of a variant that is better than the best so far, else None."""
    if not (
        variant.encoding_quality
        and variant.language_quality
        and variant.source_quality
        and variant.charset_quality
        and variant.type_quality
    ):
        return None
    value = single(variant.type_quality * variant.source_quality)
    if value == 0 or value < worth:
        return None
    if value > worth or best is None:
        return value
    return value if _is_better(variant, best, length_of) else None


def _is_better(variant: Variant, best: Variant, length_of: Callable[[Variant], int]) -> bool:
    """Of two of the same type and source quality."""
    if variant.language_quality != best.language_quality:
        return variant.language_quality > best.language_quality
    if variant.priority != best.priority:
        if variant.priority is None or best.priority is None:
            return best.priority is None
        return variant.priority < best.priority
    level = _compare_levels(variant, best)
    if level:
        return level > 0
    if variant.charset_quality < best.charset_quality:
        return False
    if variant.charset_quality > best.charset_quality or (
        variant.charset not in ("", _LATIN) and best.charset in ("", _LATIN)
    ):
        return True
    if variant.encoding_quality != best.encoding_quality:
        return variant.encoding_quality > best.encoding_quality
    return length_of(variant) < length_of(best)


def _compare_levels(variant: Variant, best: Variant) -> float:
    """Above 0 where the level is better: the highest that was asked for, or else the lowest."""
    if variant.is_html and not best.is_html:
        return 0
    if not variant.is_html and variant.type != best.type:
        return 0
    return variant.level_matched - best.level_matched or best.level - variant.level
