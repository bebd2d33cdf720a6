"""The permanent ids of what reading and checking find; the lint rules have theirs in their files.

| id | name | found |
|---|---|---|
| RP507 | missing-module | a directive of a module that is not loaded |
| RP509 | unknown-directive | a name that Apache does not know |
| RP511 | undefined-variable | `${NAME}` that nothing defines: it stays as it is (AH00111) |
| RP512 | include-no-match | an Include that finds nothing |
| RP513 | unterminated-quote | a quote that the end of the line closes |
| RP514 | trailing-comment | `#` behind arguments: it is one more of them |
| RP516 | bad-value | an argument that the directive does not take |
| RP520 | broken-section | a section without `>`, without its end, or closed by another's |
| RP521 | not-allowed-here | a directive in a place where Apache refuses it |
| RP522 | wrong-arguments | too few or too many arguments |
| RP523 | unreadable-file | a file or directory that cannot be read, or includes itself |
| RP524 | bad-macro | a mistake in `<Macro>`, Use or UndefMacro |
| RP525 | error-directive | an Error directive was reached |
| RP526 | unimplemented-directive | Apache knows the directive (or its value), revproxy does not |
| RP527 | inert-directive | process tuning without a counterpart: accepted, no effect |
| RP528 | odd-bytes | a byte order mark, a NUL, a line beyond Apache's limit |
| RP529 | unknown-module | LoadModule of a module that revproxy does not know |
| RP530 | already-loaded | LoadModule of what is there (AH01574) |
| RP531 | trailing-text | text that Apache skips: after a section's `>`, after On or Off |
| RP532 | no-such-laxity | an option that would let malformed requests in: they stay out |
| RP533 | no-effect | a section where Apache never looks for one |
| RP534 | unused-ignore | a comment `revproxy: ignore` that takes no finding away |
| RP535 | not-there | with --strict, and at start: a file, directory or host that is not there |
"""

from __future__ import annotations

from typing import Final

MISSING_MODULE: Final = "RP507"
UNKNOWN_DIRECTIVE: Final = "RP509"
UNDEFINED_VARIABLE: Final = "RP511"
INCLUDE_NO_MATCH: Final = "RP512"
UNTERMINATED_QUOTE: Final = "RP513"
TRAILING_COMMENT: Final = "RP514"
BAD_VALUE: Final = "RP516"
BROKEN_SECTION: Final = "RP520"
NOT_ALLOWED_HERE: Final = "RP521"
WRONG_ARGUMENTS: Final = "RP522"
UNREADABLE_FILE: Final = "RP523"
BAD_MACRO: Final = "RP524"
ERROR_DIRECTIVE: Final = "RP525"
UNIMPLEMENTED: Final = "RP526"
INERT: Final = "RP527"
ODD_BYTES: Final = "RP528"
UNKNOWN_MODULE: Final = "RP529"
ALREADY_LOADED: Final = "RP530"
TRAILING_TEXT: Final = "RP531"
NO_SUCH_LAXITY: Final = "RP532"
NO_EFFECT: Final = "RP533"
NOT_THERE: Final = "RP535"

NAMES: Final[dict[str, str]] = {
    MISSING_MODULE: "missing-module",
    UNKNOWN_DIRECTIVE: "unknown-directive",
    UNDEFINED_VARIABLE: "undefined-variable",
    INCLUDE_NO_MATCH: "include-no-match",
    UNTERMINATED_QUOTE: "unterminated-quote",
    TRAILING_COMMENT: "trailing-comment",
    BAD_VALUE: "bad-value",
    BROKEN_SECTION: "broken-section",
    NOT_ALLOWED_HERE: "not-allowed-here",
    WRONG_ARGUMENTS: "wrong-arguments",
    UNREADABLE_FILE: "unreadable-file",
    BAD_MACRO: "bad-macro",
    ERROR_DIRECTIVE: "error-directive",
    UNIMPLEMENTED: "unimplemented-directive",
    INERT: "inert-directive",
    ODD_BYTES: "odd-bytes",
    UNKNOWN_MODULE: "unknown-module",
    ALREADY_LOADED: "already-loaded",
    TRAILING_TEXT: "trailing-text",
    NO_SUCH_LAXITY: "no-such-laxity",
    NO_EFFECT: "no-effect",
    NOT_THERE: "not-there",
}
