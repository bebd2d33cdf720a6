"""A certificate as Apache looks at it (RFC 5280): names, dates, and the variables of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

_PARTS: Final = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "SP": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
    "T": NameOID.TITLE,
    "I": NameOID.INITIALS,
    "G": NameOID.GIVEN_NAME,
    "S": NameOID.SURNAME,
    "UID": NameOID.USER_ID,
    "Email": NameOID.EMAIL_ADDRESS,
}
_SHORT: Final = {
    NameOID.EMAIL_ADDRESS: "emailAddress",
    NameOID.TITLE: "title",
    NameOID.INITIALS: "initials",
    NameOID.GIVEN_NAME: "GN",
    NameOID.SURNAME: "SN",
    NameOID.SERIAL_NUMBER: "serialNumber",
}
"""OpenSSL's names where RFC 4514 has none."""

_KEYS: Final[tuple[tuple[type, str], ...]] = (
    (rsa.RSAPublicKey, "rsaEncryption"),
    (ec.EllipticCurvePublicKey, "id-ecPublicKey"),
    (dsa.DSAPublicKey, "dsaEncryption"),
    (ed25519.Ed25519PublicKey, "ED25519"),
    (ed448.Ed448PublicKey, "ED448"),
)
_DN: Final = re.compile(r"([SI])_DN(?:_(\w+?)(?:_(\d+))?)?").fullmatch
_SAN: Final = re.compile(r"SAN_(EMAIL|DNS|OTHER_MSUPN|OTHER_DNSSRV)_(\d+)").fullmatch
_ANY_CASE: Final = {name.upper(): oid for name, oid in _PARTS.items()}
_OTHERS: Final = {
    "OTHER_MSUPN": "1.3.6.1.4.1.311.20.2.3",
    "OTHER_DNSSRV": "1.3.6.1.5.5.7.8.7",
}
"""Alternative names of other kinds: a login of Microsoft's, a service (RFC 4985)."""


class Certificate:
    """A certificate in DER. Raises ValueError for what is none."""

    def __init__(self, der: bytes) -> None:
        try:
            self._found = x509.load_der_x509_certificate(der)
        except x509.InvalidVersion as error:
            raise ValueError(str(error)) from None

    @property
    def is_valid_now(self) -> bool:
        """Today lies in its time."""
        now = datetime.now(UTC)
        return self._found.not_valid_before_utc < now < self._found.not_valid_after_utc

    @property
    def common_names(self) -> list[str]:
        found = self._found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return [str(item.value) for item in found]

    @property
    def names(self) -> list[str]:
        """The host names it stands for: alternative names first, then common names."""
        return [*self._alternatives("DNS"), *self.common_names]

    @property
    def exact_assertion(self) -> str:
        """The certificateExactAssertion of RFC 4523."""
        number = self._found.serial_number
        issuer = _text(self._found.issuer)
        return f'{{ serialNumber {number}, issuer rdnSequence:"{issuer}" }}'

    @property
    def one_line(self) -> str:
        """The subject in OpenSSL's old form: `/C=../O=../CN=..`."""
        parts = (
            f"/{_SHORT.get(item.oid, item.rfc4514_attribute_name)}={_value(item)}"
            for item in self._found.subject
        )
        return "".join(parts)

    def _alternatives(self, kind: str) -> list[str]:
        try:
            extension = self._found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except (x509.ExtensionNotFound, ValueError):
            return []
        names = extension.value
        if kind == "DNS":
            return names.get_values_for_type(x509.DNSName)
        if kind == "EMAIL":
            return names.get_values_for_type(x509.RFC822Name)
        others = names.get_values_for_type(x509.OtherName)
        return [
            _string(item.value) for item in others if item.type_id.dotted_string == _OTHERS[kind]
        ]

    def variable(self, name: str) -> str | None:
        """What stands behind SSL_CLIENT_ or SSL_SERVER_; None for what it has not."""
        found = self._found
        match name:
            case "M_VERSION":
                return str(found.version.value + 1)
            case "M_SERIAL":
                text = f"{found.serial_number:X}"
                return text if len(text) % 2 == 0 else f"0{text}"
            case "V_START":
                return _date(found.not_valid_before_utc)
            case "V_END":
                return _date(found.not_valid_after_utc)
            case "V_REMAIN":
                return str(max(0, (found.not_valid_after_utc - datetime.now(UTC)).days))
            case "A_SIG":
                return found.signature_algorithm_oid._name
            case "A_KEY":
                return self._key()
            case "CERT":
                return found.public_bytes(Encoding.PEM).decode("ascii")
            case "DN":
                return _text(found.subject)
        return self._name_part(name)

    def _key(self) -> str | None:
        key = self._found.public_key()
        return next((name for kind, name in _KEYS if isinstance(key, kind)), None)

    def _name_part(self, name: str) -> str | None:
        dn = _DN(name)
        if dn is not None:
            whole = self._found.subject if dn[1] == "S" else self._found.issuer
            if dn[2] is None:
                return _text(whole)
            values = _values(whole, dn[2])
            index = int(dn[3] or 0)
            return values[index] if index < len(values) else None
        san = _SAN(name)
        if san is None:
            return None
        values = self._alternatives(san[1])
        return values[int(san[2])] if int(san[2]) < len(values) else None

    def parts(self, prefix: str) -> Iterator[tuple[str, str]]:
        """The variables of names' parts: S_DN_CN, a second one S_DN_CN_1, SAN_DNS_0 and so on."""
        for letter, whole in (("S", self._found.subject), ("I", self._found.issuer)):
            for part in _PARTS:
                if part == "SP":
                    continue
                for index, value in enumerate(_values(whole, part)):
                    yield f"{prefix}{letter}_DN_{part}{f'_{index}' if index else ''}", value
        for kind in ("Email", "DNS", "OTHER_msUPN", "OTHER_dnsSRV"):
            for index, value in enumerate(self._alternatives(kind.upper())):
                yield f"{prefix}SAN_{kind}_{index}", value


def _string(der: bytes) -> str:
    """The text of a DER string: a tag, a length in one octet or behind one, the text."""
    start = 2 + (der[1] & 0x7F if len(der) > 1 and der[1] & 0x80 else 0)
    return der[start:].decode("utf-8", "replace")


def _values(name: x509.Name, part: str) -> list[str]:
    """The values of a part, by its name in any case."""
    oid = _ANY_CASE.get(part.upper())
    return [] if oid is None else [_value(item) for item in name.get_attributes_for_oid(oid)]


def _value(item: x509.NameAttribute[Any]) -> str:
    return item.value if isinstance(item.value, str) else item.value.decode("latin-1")


def _text(name: x509.Name) -> str:
    return name.rfc4514_string(_SHORT)


def _date(moment: datetime) -> str:
    """As OpenSSL prints it: `Jan  1 00:00:00 2000 GMT`."""
    return f"{moment:%b} {moment.day:2} {moment:%H:%M:%S %Y} GMT"


def fits(name: str, host: str) -> bool:
    """Whether a certificate's name is a host's; `*.` at its front stands for one label."""
    name, host = name.lower(), host.lower()
    if name == host:
        return True
    _, dot, rest = host.partition(".")
    return name.startswith("*.") and bool(dot) and name[2:] == rest
