"""The key=value parameters of ProxyPass, `<Proxy>`, ProxySet and BalancerMember.

Laws:
- Names are compared without case; an unknown one is an error, as in Apache.
- Units and limits are Apache's (`mod_proxy.c`, set_worker_param): `retry`, `ttl` and `timeout`
  in whole seconds, `acquire` in milliseconds, `ping` and `connectiontimeout` with a unit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, Final

from revproxy.module import seconds
from revproxy.upstream.parameters import Parameters

BALANCER_PARAMETERS: Final = frozenset(
    (
        "failonstatus",
        "failontimeout",
        "forcerecovery",
        "growth",
        "lbmethod",
        "maxattempts",
        "nofailover",
        "nonce",
        "scolonpathdelim",
        "stickysession",
        "stickysessionsep",
    )
)
HEALTH_PARAMETERS: Final = frozenset(
    ("hcexpr", "hcfails", "hcinterval", "hcmethod", "hcpasses", "hctemplate", "hcuri")
)


def _whole(low: int, high: int | None = None) -> Callable[[str], int]:
    def convert(word: str) -> int:
        value = int(word)
        if value < low or (high is not None and value > high):
            raise ValueError(f"must be at least {low}" + (f" and at most {high}" if high else ""))
        return value

    return convert


def _on_off(word: str) -> bool:
    if word.lower() not in ("on", "off"):
        raise ValueError("must be On|Off")
    return word.lower() == "on"


def _interval(default_unit: str) -> Callable[[str], float]:
    def convert(word: str) -> float:
        value = seconds(word, default_unit)
        if value < 0.001:
            raise ValueError("must be at least 1 ms")
        return value

    return convert


def _flush(word: str) -> str:
    if word.lower() not in ("on", "off", "auto"):
        raise ValueError("must be on|off|auto")
    return word.lower()


def _factor(word: str) -> float:
    value = float(word)
    if not 1 <= value <= 100:
        raise ValueError("must be a number between 1..100")
    return value


def _short(limit: int) -> Callable[[str], str]:
    def convert(word: str) -> str:
        if len(word) > limit:
            raise ValueError(f"must be shorter than {limit + 1} characters")
        return word

    return convert


def _status(word: str) -> str:
    for letter in word.upper():
        if letter not in "DSIHERNC+-":
            raise ValueError(f"unknown status flag '{letter}'")
    return word.upper()


def _buffer(word: str) -> int:
    return max(_whole(0)(word), 512) if int(word) else 8192


_CONVERT: Final[dict[str, Callable[[str], Any]]] = {
    "acquire": _interval("ms"),
    "addressttl": _whole(-1),
    "connectiontimeout": _interval("s"),
    "disablereuse": _on_off,
    "enablereuse": _on_off,
    "flushpackets": _flush,
    "flushwait": _whole(0, 1000),
    "iobuffersize": _buffer,
    "keepalive": _on_off,
    "lbset": _whole(0, 99),
    "loadfactor": _factor,
    "max": _whole(0),
    "min": _whole(0),
    "ping": _interval("s"),
    "receivebuffersize": _whole(0),
    "redirect": _short(95),
    "responsefieldsize": _whole(1),
    "retry": _whole(0),
    "route": _short(95),
    "secret": _short(63),
    "smax": _whole(0),
    "status": _status,
    "timeout": _whole(1),
    "ttl": _whole(1),
    "upgrade": _short(63),
}

PARAMETER_NAMES: Final = frozenset(_CONVERT)


def with_parameter(parameters: Parameters, name: str, value: str) -> Parameters:
    """The parameters with one more. Raises ValueError with what is wrong about it."""
    key = name.lower()
    convert = _CONVERT.get(key)
    if convert is None:
        from difflib import get_close_matches

        near = get_close_matches(key, PARAMETER_NAMES | BALANCER_PARAMETERS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"unknown Worker parameter '{name}'{hint}")
    try:
        converted = convert(value)
    except ValueError as error:
        reason = str(error) if "must" in str(error) or "flag" in str(error) else "is not valid"
        raise ValueError(f"{name}={value}: {reason}") from None
    if key == "max" and converted == 0:
        converted = None
    if key == "flushwait":
        converted /= 1000
    given = parameters.given | {key}
    return dataclasses.replace(parameters, **{key: converted, "given": given})


def with_parameters(parameters: Parameters, words: list[str]) -> Parameters:
    """The parameters with `key=value` words. Raises ValueError."""
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ValueError(f"'{word}' is not of the form key=value")
        parameters = with_parameter(parameters, name, value)
    return parameters
