"""The tokens of HTML as regexes, and the one that passes over what needs no look.

Laws:
- Attributes and names are those of HTML's tokenizer (section 13.2.5). No part of a regex can be
  matched in two ways, so that its time is linear.
- To pass over less than could be is never wrong: what is left is looked at by itself.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from revproxy.html.links import Form

WS: Final = rb"\t\n\f\r "
_ATTRIBUTE: Final = rb"""[%b/]*+(=?[^%b/>=]++|=)(?:[%b]*+=[%b]*+(?:"([^"]*+)"|'([^']*+)'|([^%b"'>][^%b>]*+)|(?=>))|(?![%b]*+=))""" % (  # noqa: E501
    WS, WS, WS, WS, WS, WS, WS,
)  # fmt: skip
_NAME: Final = rb"[a-zA-Z][^%b/>]*+" % WS
ANY_TAG: Final = re.compile(
    rb"<(/?+)(%b)((?:%b)*+)[%b/]*+>" % (_NAME, re.sub(rb"\((?!\?)", b"(?:", _ATTRIBUTE), WS)
).match
REST_OF_TAG: Final = re.compile(
    rb"(?:%b)*+[%b/]*+" % (re.sub(rb"\((?!\?)", b"(?:", _ATTRIBUTE), WS)
).match
OPEN_VALUE: Final = re.compile(
    rb"""[%b/]*+(?:=?[^%b/>=]++|=)[%b]*+=[%b]*+(["'])""" % (WS, WS, WS, WS)
).match
ATTRIBUTES: Final = re.compile(_ATTRIBUTE).finditer

TAG_START: Final = re.compile(rb"</?+%b" % _NAME).match
IS_REFRESH: Final = re.compile(
    rb"""http-equiv[%b]*+=[%b]*+["']?+[%b]*+refresh""" % (WS, WS, WS), re.IGNORECASE
).search
UNQUOTED: Final = 4
"""The group of an attribute's value that stands in no quotes."""

RAW: Final = frozenset(
    (b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes")
)
OPENS_TEXT: Final = RAW | {b"plaintext"}
_RAW_OR_META: Final = (
    rb"[sS](?i:cript|tyle)|[tT](?i:extarea|itle)|[xX](?i:mp)|[iI](?i:frame)"
    rb"|[nN](?i:oembed|oframes)|[pP](?i:laintext)|[mM](?i:eta)"
)


_SIMPLE: Final = rb"(?![sStTxXiInNpPmM][cCtTeEiImMfFoOlL])"
"""Before a name that is surely none of those."""

Match = Callable[[bytes, int], re.Match[bytes] | None]
_MOST_NAMES: Final = 500


class Wanted:
    """What scanners must not pass over; made once for many pages."""

    __slots__ = ("_form", "_forms", "_table", "step")

    def __init__(
        self,
        table: Mapping[bytes, Mapping[bytes, Form]],
        prefixes: tuple[bytes, ...] | None,
        *,
        comments: bool = False,
    ) -> None:
        """`prefixes` are how a value begins that may change, None for any; `comments` where
        comments are looked at too."""
        urls: set[bytes] = set()
        others: set[bytes] = set()
        for attributes in table.values():
            for name, form in attributes.items():
                if form is not Form.REFRESH:
                    (urls if form is Form.URL else others).add(name)
        self._table = table
        self._forms: dict[bytes, Mapping[bytes, Form]] = {}
        self._form: dict[tuple[bytes, bytes], Form | None] = {}
        self.step = _compiled(tuple(sorted(urls)), tuple(sorted(others)), prefixes, comments)
        """Passes over what needs no look, and takes the next tag where it is simple and has a
        link: group 1 is its name, 2 what stands before the attribute 3 and its value 4."""

    def forms(self, name: bytes) -> Mapping[bytes, Form]:
        """What is looked at in an element, by attribute."""
        forms = self._forms.get(name)
        if forms is None:
            forms = {**self._table.get(b"*", {}), **self._table.get(name, {})}
            if len(self._forms) < _MOST_NAMES:
                self._forms[name] = forms
        return forms

    def form(self, name: bytes, attribute: bytes) -> Form | None:
        """What an attribute of an element holds, None where it is not looked at."""
        key = (name, attribute)
        try:
            return self._form[key]
        except KeyError:
            form = self.forms(name.lower()).get(attribute.lower())
        if len(self._form) < _MOST_NAMES:
            self._form[key] = form
        return form


@functools.lru_cache(64)
def _compiled(
    names: tuple[bytes, ...],
    others: tuple[bytes, ...],
    prefixes: tuple[bytes, ...] | None,
    comments: bool,
) -> Match:
    """What passes over all that needs no look, and takes the simplest tags that need one.

    `names` hold a URL, `others` a value of another form, which is always looked at.
    """
    special = _not_named(others)
    if prefixes is None:
        candidate, special = rb"(?!)", _not_named((*names, *others))
    else:
        longest = max((len(prefix) for prefix in prefixes), default=0)
        words = [rb"[^\"'>&%b]{0,%d}+&" % (WS, max(0, longest - 1))]
        words += [_any_case(prefix) for prefix in prefixes]
        candidate = b"|".join(words)
    attribute = rb"""[%b/]++%b(?:=?[^%b/>=]++|=)(?:[%b]*+=[%b]*+(?:"(?!%b)[^"]*+"|'(?!%b)[^']*+'|(?!%b)[^%b"'>][^%b>]*+|(?=>))|(?![%b]*+=))""" % (  # noqa: E501
        WS, special, WS, WS, WS, candidate, candidate, candidate, WS, WS, WS,
    )  # fmt: skip
    begins = b"|".join(_any_case(prefix) for prefix in prefixes or ()) or b"(?!)"
    plain = rb""" %b[a-zA-Z-]++="(?!%b)[^"&]*+\"""" % (special, begins)
    dull = rb"(?:(?![sStTxXiInNpPmM])|(?!(?:%b)[%b/>]))" % (_RAW_OR_META, WS)
    tag = rb"</?+%b%b(?:%b)*+[%b/]*+>" % (dull, _NAME, attribute, WS)
    # Most tags are of the simplest shape: a loop of their own for them takes half the time. It
    # leaves out every name that begins as one that is not dull. What it does not take is taken by
    # few steps of the other loop, as loops within loops cost more than they save.
    fast = rb"(?:[^<]*+<(?:/[a-zA-Z0-9]++>|%b[a-zA-Z][a-zA-Z0-9]*+(?:>|(?:%b)++>)))*+" % (
        _SIMPLE,
        plain,
    )
    comment = rb"(?!)" if comments else rb"<!--(?!-?>)(?:[^-]++|-(?!-!?>))*+--!?>"
    rest = rb"(?:[^<]++|%b|%b|<(?![a-zA-Z/!?])(?!\Z))" % (tag, comment)
    link = (
        rb"""<%b([a-zA-Z][a-zA-Z0-9]*+)((?:%b)*+) %b([a-zA-Z-]++)="((?:%b)[^"]*+)"(?:%b)*+>"""
        % (
            dull,
            plain,
            special,
            begins,
            plain,
        )
    )
    step = rb"%b(?:%b|%b{1,3}+%b[^<]*+)?+" % (fast, link, rest, fast)
    return re.compile(step).match


def _not_named(names: Iterable[bytes]) -> bytes:
    """What holds where none of these attributes' names stands."""
    known = sorted(set(names), key=lambda name: (-len(name), name))
    if not known:
        return b""
    first = b"".join(sorted({name[:1].lower() + name[:1].upper() for name in known}))
    words = b"|".join(re.escape(name) for name in known)
    return rb"(?:(?![%b])|(?!(?i:%b)[%b/>=]))" % (re.escape(first), words, WS)


def _any_case(text: bytes) -> bytes:
    """A pattern for the text, whatever its case; quicker than a flag."""
    out = []
    for octet in text:
        letter = bytes((octet,))
        lower, upper = letter.lower(), letter.upper()
        out.append(b"[%b%b]" % (lower, upper) if lower != upper else re.escape(letter))
    return b"".join(out)
