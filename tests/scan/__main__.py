"""`make scan`: scanners look at a server whose file says nothing of TLS but its certificate.

Laws:
- sslyze must find what Mozilla recommends. testssl.sh must give an A; one older than 3.2 gives no
  grade, and must then have nothing bad to say. TESTSSL names another program than `testssl`.
- It fails when one is not content, and when none gave a judgement.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.scan import NAME, scanned
from tests.scan.mozilla import complaints

_CERTIFICATES: Final = ("cert_revocation", "cert_crl", "cert_ocsp", "DNS_CAA")
"""What testssl.sh says of certificates that no public authority gave."""
_SITES: Final = ("security_headers",)
"""What a site's pages say, not its TLS."""
_LEFT_TO_CLIENTS: Final = ("cipher_order", "cipherorder")
"""All suites are strong: a client knows best which of them its hardware does fast, as in Apache."""
_BAD: Final = ("MEDIUM", "HIGH", "CRITICAL")


def main() -> int:
    """Run the scanners; say what they found, and whether it is good enough."""
    with scanned() as (directory, port):
        found = complaints(directory, port)
        print("sslyze, Mozilla's intermediate configuration:", "; ".join(found) or "compliant")
        judged = testssl(directory, port)
    return 1 if found or not judged else 0


def testssl(directory: Path, port: int) -> bool:
    """Print testssl.sh's grade and what it dislikes; whether it is content."""
    command = shlex.split(os.environ.get("TESTSSL", "testssl"))
    if shutil.which(command[0]) is None:
        print("testssl.sh is missing (Debian: apt install testssl.sh)")
        return False
    report = directory / "testssl.json"
    subprocess.run(
        [
            *command,
            *("--quiet", "--color", "0", "--warnings", "off", "--connect-timeout", "10"),
            *("--openssl", shutil.which("openssl") or "openssl"),
            *("--add-ca", str(directory / "ca.pem"), "--jsonfile", str(report)),
            *("--ip", "127.0.0.1", f"{NAME}:{port}"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    items = json.loads(report.read_text()) if report.exists() else []
    if not any(item["id"] == "TLS1_3" for item in items):
        print("testssl.sh did not end")
        return False
    bad = [item for item in items if item["severity"] in _BAD and not _is_known(item["id"])]
    for item in bad:
        print(f"testssl.sh: {item['severity']} {item['id']}: {item['finding']}")
    grade = next((item["finding"] for item in items if item["id"] == "overall_grade"), None)
    if grade is None:
        print(f"testssl.sh: no grade (3.2 is the first that gives one), {len(bad)} findings")
        return not bad
    print(f"testssl.sh: Overall Grade {grade}")
    return str(grade).startswith("A")


def _is_known(name: str) -> bool:
    return name.startswith((*_CERTIFICATES, *_SITES, *_LEFT_TO_CLIENTS))


if __name__ == "__main__":
    sys.exit(main())
