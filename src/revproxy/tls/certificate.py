"""A certificate as Apache looks at it (RFC 5280)."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509.oid import NameOID


class Certificate:
    """A certificate in DER. Raises ValueError for what is none."""

    def __init__(self, der: bytes) -> None:
        self._found = x509.load_der_x509_certificate(der)

    @property
    def is_valid_now(self) -> bool:
        """Today lies in its time."""
        now = datetime.now(UTC)
        return self._found.not_valid_before_utc < now < self._found.not_valid_after_utc

    @property
    def common_names(self) -> list[str]:
        return [str(item.value) for item in self._found.subject.get_attributes_for_oid(_CN)]

    @property
    def names(self) -> list[str]:
        """The host names it stands for: alternative names first, then common names."""
        try:
            extension = self._found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except (x509.ExtensionNotFound, ValueError):
            return self.common_names
        return [*extension.value.get_values_for_type(x509.DNSName), *self.common_names]


_CN = NameOID.COMMON_NAME


def fits(name: str, host: str) -> bool:
    """Whether a certificate's name is a host's; `*.` at its front stands for one label."""
    name, host = name.lower(), host.lower()
    if name == host:
        return True
    _, dot, rest = host.partition(".")
    return name.startswith("*.") and bool(dot) and name[2:] == rest
