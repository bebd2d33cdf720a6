"""What sslyze says of a server, by Mozilla's recommendations."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.scan import NAME

_SSLYZE: Final = str(Path(sys.executable).with_name("sslyze"))
_ITEM: Final = re.compile(r"^        \* (.+)$", re.M)
_STRONGER: Final = re.compile(
    r"tls_curves: TLS curves \{('X448'|'secp521r1'|, )+\} are supported, .*"
)
"""OpenSSL's own curves, stronger than Mozilla asks for: no list can be set before Python 3.15."""


def complaints(directory: Path, port: int) -> list[str]:
    """What does not comply with Mozilla's intermediate configuration."""
    done = subprocess.run(
        [
            *(_SSLYZE, "--mozilla_config=intermediate"),
            *("--certinfo_ca_file", str(directory / "ca.pem")),
            f"{NAME}:{port}{{127.0.0.1}}",
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    _, heading, verdict = done.stdout.partition("COMPLIANCE AGAINST TLS CONFIGURATION")
    if not heading or f"{NAME}:{port}: " not in verdict:
        raise RuntimeError(f"sslyze did not end: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    if f"{NAME}:{port}: OK" in verdict:
        return []
    found = [item for item in _ITEM.findall(verdict) if not _STRONGER.fullmatch(item)]
    if "FAILED" not in verdict or not (found or _STRONGER.search(verdict)):
        return [verdict.strip()]
    return found
