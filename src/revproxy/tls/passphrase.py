"""Pass phrases of private keys, from the program that SSLPassPhraseDialog names."""

from __future__ import annotations

import re
import subprocess
from typing import Final

from revproxy.module import Server, Unset
from revproxy.tls.context import reason, unreadable
from revproxy.tls.words import Said

is_encrypted: Final = re.compile(r"BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED").search
_PATIENCE: Final = 60.0


def passphrase(dialog: Said | Unset, key: Said, server: Server) -> str:
    """The pass phrase of a key. Raises ConfigError.

    The program gets `host:port` and the kind of key, as Apache's does, and prints the phrase.
    """
    kind, _, program = ("builtin" if isinstance(dialog, Unset) else dialog.value).partition(":")
    if kind != "exec":
        raise unreadable(
            key,
            "the private key is encrypted, and nobody can be asked for its pass phrase",
            "write SSLPassPhraseDialog exec:/path/to/program, or decrypt the key",
        )
    words = [program, f"{server.name}:{server.port or 443}", "RSA"]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise unreadable(key, f"{program} gave no pass phrase: {reason(error)}") from None
    return done.stdout.decode("latin-1").split("\n", 1)[0].rstrip("\r")
