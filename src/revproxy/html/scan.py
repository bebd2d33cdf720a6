"""Finds the tags of a page that hold links, in one pass, and rewrites nothing else.

Laws:
- The tokens are those of HTML's tokenizer (section 13.2.5) with scripting off: comments, bogus
  comments, the text of script, style, textarea and their like hold no tags.
- What cannot hold a link is passed over by one regex; Python sees a tag only where an attribute
  may have to change.
- What is not whole yet is kept for the next piece, up to a bound; a longer tag passes as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from revproxy.html.links import Form
from revproxy.html.tokens import (
    ANY_TAG,
    ATTRIBUTES,
    IS_REFRESH,
    OPEN_VALUE,
    OPENS_TEXT,
    RAW,
    REST_OF_TAG,
    TAG_START,
    UNQUOTED,
    WS,
    Wanted,
)

Value = Callable[[bytes, Form], bytes | None]
Text = Callable[[bytes], bytes]

MOST_HELD: Final = 256 * 1024
"""Octets of an unfinished tag, or of a script that is rewritten, that wait for their rest."""

_COMMENT_END: Final = re.compile(rb"-->|(?<!<!)(?<!<!-)--!>").search
_SCRIPT: Final = re.compile(
    rb"<!--|-->|<script(?=[%b/>])|</script(?=[%b/>])" % (WS, WS), re.IGNORECASE
).search
_LONGEST_TOKEN: Final = len("</script ")
_ENDS: Final = {
    name: re.compile(rb"</%b(?=[%b/>])" % (name, WS), re.IGNORECASE).search
    for name in RAW - {b"script"}
}


class Scanner:
    """One page, piece by piece.

    A step takes the data and a place, appends what goes out, and gives the place it reached; it
    sets `_waits` where it needs more than is there.
    """

    def __init__(
        self,
        wanted: Wanted,
        value: Value,
        script: Text | None = None,
        style: Text | None = None,
        comment: Text | None = None,
    ) -> None:
        """`script` and `style` rewrite the text of these elements, `comment` whole comments."""
        self._wanted = wanted
        self._value = value
        self._script = script
        self._style = style
        self._comment = comment
        self._pass = wanted.step
        self._step: Callable[[bytes, int, list[bytes]], int] = self._markup
        self._held = b""
        self._waits = False
        self._is_last = False
        self._is_inside = False
        """The beginning of the comment has gone out already."""
        self._raw = b""
        """The element whose text is not markup."""
        self._escape = 0
        """Of a script: 1 behind `<!--`, 2 behind a `<script` there."""
        self._quote = b""

    def feed(self, data: bytes) -> bytes:
        """What can go on of the page so far."""
        data = self._held + data if self._held else data
        out: list[bytes] = []
        at, size = 0, len(data)
        self._waits = False
        while at < size and not self._waits:
            at = self._step(data, at, out)
        self._held = data[at:]
        return b"".join(out)

    def finish(self) -> bytes:
        """The page is over."""
        self._is_last = True
        out = self.feed(b"")
        rest, self._held = self._held, b""
        return out + rest

    def _wait(self, at: int) -> int:
        self._waits = True
        return at

    def _pass_rest(self, data: bytes, at: int, out: list[bytes], keep: int = 0) -> int:
        """All but the last `keep` octets goes out, and the rest waits."""
        end = len(data) if self._is_last else max(at, len(data) - keep)
        out.append(data[at:end])
        return self._wait(end)

    def _markup(self, data: bytes, at: int, out: list[bytes]) -> int:
        step, last, size = self._pass, at, len(data)
        while True:
            found = step(data, at)
            assert found is not None
            start, at = at, found.end()
            if found.lastindex is not None:
                if self._is_plain(found):
                    value = self._linked(found)
                    if value is not None:
                        out += (data[last : found.start(4)], value)
                        last = found.end(4)
                    continue
                at = found.start(1) - 1
            elif at == size:
                out.append(data[last:])
                return size
            elif at > start:
                continue
            tag = ANY_TAG(data, at)
            if tag is None:
                out.append(data[last:at])
                return self._no_tag(data, at, out)
            out += (data[last:at], self._tag(tag))
            at = last = tag.end()
            if self._raw:
                return at

    def _is_plain(self, link: re.Match[bytes]) -> bool:
        """The attribute does not stand in its tag twice."""
        before = link[2]
        return not before or link[3].lower() not in before.lower()

    def _linked(self, link: re.Match[bytes]) -> bytes | None:
        """What becomes of the value of a tag that has one in question, in double quotes."""
        name, attribute, value = link.group(1, 3, 4)
        form = self._wanted.form(name, attribute)
        return self._value(value, form) if form is Form.URL else None

    def _no_tag(self, data: bytes, at: int, out: list[bytes]) -> int:
        """A `<` that begins no whole tag."""
        head = data[at : at + 4]
        if head == b"<!--":
            self._step, self._is_inside = self._comment_text, False
            return at
        if len(head) < 4 and not self._is_last and b">" not in head:
            return self._wait(at)
        if head[1:2] in (b"!", b"?") or (head[1:2] == b"/" and not head[2:3].isalpha()):
            self._step = self._bogus_comment
            return at
        if not head[1:3].strip(b"/")[:1].isalpha():
            out.append(data[at : at + 1])
            return at + 1
        if self._is_last:
            # A tag that never ends is none.
            return self._pass_rest(data, at, out)
        if len(data) - at <= MOST_HELD:
            return self._wait(at)
        self._step = self._long_tag
        name = TAG_START(data, at)
        assert name is not None
        out.append(name[0])
        return name.end()

    def _long_tag(self, data: bytes, at: int, out: list[bytes]) -> int:
        """A tag that is too long to be held goes as it comes, to its end."""
        rest = REST_OF_TAG(data, at)
        end = rest.end() if rest is not None else at
        out.append(data[at:end])
        if data[end : end + 1] == b">":
            self._step = self._markup
            return end
        opened = OPEN_VALUE(data, end)
        if opened is None:
            return self._pass_rest(data, end, out)
        out.append(opened[0])
        self._quote = opened[1]
        self._step = self._long_value
        return opened.end()

    def _long_value(self, data: bytes, at: int, out: list[bytes]) -> int:
        end = data.find(self._quote, at)
        if end < 0:
            return self._pass_rest(data, at, out)
        out.append(data[at : end + 1])
        self._step = self._long_tag
        return end + 1

    def _bogus_comment(self, data: bytes, at: int, out: list[bytes]) -> int:
        end = data.find(b">", at)
        if end < 0:
            return self._pass_rest(data, at, out)
        out.append(data[at : end + 1])
        self._step = self._markup
        return end + 1

    def _comment_text(self, data: bytes, at: int, out: list[bytes]) -> int:
        # `<!-->` and `<!--->` are whole: their dashes count for the end too.
        found = _COMMENT_END(data, at if self._is_inside else at + 2)
        if found is not None:
            whole = data[at : found.end()]
            rewrites = self._comment is not None and not self._is_inside
            out.append(self._comment(whole) if rewrites and self._comment else whole)
            self._step = self._markup
            return found.end()
        if self._comment is not None and not self._is_inside and len(data) - at <= MOST_HELD:
            return self._pass_rest(data, at, out) if self._is_last else self._wait(at)
        if len(data) - at < 8:
            return self._pass_rest(data, at, out, len(data))
        self._is_inside = True
        return self._pass_rest(data, at, out, len("--!"))

    def _tag(self, tag: re.Match[bytes]) -> bytes:
        """The tag as it goes out."""
        slash, name, written = tag.groups()
        data = tag.string
        if slash:
            return tag[0]
        name = name.lower()
        # As for lxml, `<script/>` is whole: so it is in XHTML and in SVG.
        if name in OPENS_TEXT and data[tag.end(3) : tag.end()][-2:] != b"/>":
            self._raw, self._escape = name, 0
            self._step = self._script_text if name == b"script" else self._raw_text
        if not written:
            return tag[0]
        forms = self._wanted.forms(name)
        return self._attributes(tag, forms) if forms else tag[0]

    def _attributes(self, tag: re.Match[bytes], forms: Mapping[bytes, Form]) -> bytes:
        out: list[bytes] = []
        data, at = tag.string, tag.start()
        seen: set[bytes] = set()
        for found in ATTRIBUTES(data, tag.start(3), tag.end(3)):
            name = found[1].lower()
            form = forms.get(name)
            if form is None or name in seen:
                continue
            # Of two attributes of one name the first counts.
            seen.add(name)
            group = found.lastindex or 1
            if group == 1 or (form is Form.REFRESH and not IS_REFRESH(tag[0])):
                continue
            value = self._value(found[group], form)
            if value is None:
                continue
            start, end = found.span(group)
            if group == UNQUOTED:
                value = b'"%b"' % value.replace(b'"', b"&quot;")
            out += (data[at:start], value)
            at = end
        out.append(data[at : tag.end()])
        return b"".join(out)

    def _raw_text(self, data: bytes, at: int, out: list[bytes]) -> int:
        """The text of an element up to its end tag."""
        name = self._raw
        found = None if name == b"plaintext" else _ENDS[name](data, at)
        rewrite = self._style if name == b"style" else None
        return self._text_until(data, at, out, found.start() if found else -1, at, rewrite)

    def _script_text(self, data: bytes, at: int, out: list[bytes]) -> int:
        """The text of a script up to its end tag (HTML, sections 13.2.5.15 to 31)."""
        place, escape = at, self._escape
        while (found := _SCRIPT(data, place)) is not None:
            place = found.end()
            token = found[0].lower()
            if token == b"<!--":
                escape = escape or 1
                # `<!-->` ends what it began.
                place -= 2
            elif token == b"-->":
                escape = 0
            elif token == b"<script":
                escape = 2 if escape else 0
            elif escape == 2:
                escape = 1
            else:
                return self._text_until(data, at, out, found.start(), place, self._script)
        reached = self._text_until(data, at, out, -1, place, self._script)
        if reached > at:
            self._escape = escape
        return reached

    def _text_until(
        self, data: bytes, at: int, out: list[bytes], end: int, seen: int, rewrite: Text | None
    ) -> int:
        """Text goes out up to `end`; where that is -1, what can be up to now, `seen` at least."""
        if end >= 0:
            out.append(rewrite(data[at:end]) if rewrite is not None else data[at:end])
            self._step, self._raw = self._markup, b""
            return end
        if rewrite is None:
            keep = min(_LONGEST_TOKEN + 2, len(data) - max(seen, at))
            return self._pass_rest(data, at, out, keep)
        if len(data) - at <= MOST_HELD and not self._is_last:
            return self._wait(at)
        cut = max(data.rfind(b"\n", at, len(data) - _LONGEST_TOKEN - 2) + 1, seen)
        cut = len(data) if self._is_last or cut <= at else cut
        out.append(rewrite(data[at:cut]))
        return self._wait(cut)
