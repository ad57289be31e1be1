"""What the search box means: a name, an address, a serial, a fingerprint, an issuer."""

import ipaddress
import re
from collections.abc import Sequence
from typing import Any

import idna
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from certs.models import KEY_LENGTH, Certificate, CertificateName
from opsportal.lib.ids import IdIn

_FILLING = re.compile(r"[\s:]")
_HEX = re.compile(r"[0-9a-f]+")
_DIGITS = re.compile(r"[0-9]+")
SHA256, LEAST_HEX = 64, 8
# As many as are looked up before they are put in order.
FEW = 5000
_LAST = "\U0010ffff"


def begins(column: str, text: str) -> Q:
    """The column begins so, by its index: SQLite's LIKE has none, PostgreSQL's order is its own."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    return Q(**{f"{column}__gte": text, f"{column}__lt": text + _LAST})


def named(text: str) -> Q:
    """Names that are this one in either form, or, of `*.example.com`, that end so."""
    plain = text.strip().lower()
    if plain.startswith(("*.", ".")):
        return below(plain)
    return Q(key__in={plain[:KEY_LENGTH], ascii_form(plain)[:KEY_LENGTH]}) | Q(
        unicode_key=plain[:KEY_LENGTH]
    )


def below(text: str) -> Q:
    """Names below a domain: of `*.example.com` or `.example.com`, the wildcard too."""
    domain = ascii_form(text.strip().lower().removeprefix("*").lstrip("."))
    return begins("reversed_key", f".{domain}"[::-1][:KEY_LENGTH])


def addressed(text: str) -> Q | None:
    """The address in its short form; None: it is no address."""
    try:
        address = ipaddress.ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    return Q(kind=CertificateName.Kind.IP, key=str(address))


def ascii_form(name: str) -> str:
    """A-labels where they can be made (IDNA 2008), else as it is."""
    if name.isascii():
        return name
    try:
        return idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        return name


def hex_of(text: str) -> str:
    """Lower-case hex without colons, blanks and 0x; empty: it is none."""
    plain = _FILLING.sub("", text.lower()).removeprefix("0x")
    return plain if _HEX.fullmatch(plain) else ""


def serial_spellings(text: str) -> set[str]:
    """A serial as it is stored, from any spelling: colons, case, zeros before it, decimal."""
    sign = "-" if text.strip().startswith("-") else ""
    plain = hex_of(text.strip().removeprefix("-"))
    if not plain:
        return set()
    found = {plain, plain.lstrip("0") or "0"}
    # Longer ones are no decimal number of 20 octets (RFC 5280, 4.1.2.2).
    if _DIGITS.fullmatch(plain) and len(plain) <= 50:
        found.add(f"{int(plain):x}")
    return {sign + each for each in found}


def fingerprinted(text: str) -> Q | None:
    """By SHA-256, whole or the beginning of it; None: it is none."""
    plain = hex_of(text)
    if not LEAST_HEX <= len(plain) <= SHA256:
        return None
    return Q(sha256=plain) if len(plain) == SHA256 else begins("sha256", plain)


def conditions_meant(text: str) -> tuple[list[Q], list[Q]]:
    """What the text may mean, of certificates and of their names, each by an index; who wants more
    asks for `contains`.
    """
    if (address := addressed(text)) is not None:
        return [Q(serial__in=serial_spellings(text))], [address]
    plain = hex_of(text)
    conditions = _issued(text)
    if len(plain) == SHA256:
        conditions += [Q(sha256=plain), Q(spki_sha256=plain), Q(tbs_sha256=plain)]
    elif (print_ := fingerprinted(text)) is not None:
        conditions.append(print_)
    if spellings := serial_spellings(text):
        conditions.append(Q(serial__in=spellings))
    return conditions, _named(text)


def narrow(rows: Sequence[Q], names: Sequence[Q]) -> Q:
    """Certificates that are any of these, or have a name that is. One query.

    Few are found first. Of many, some come soon whatever the order is: each is asked instead.
    """
    found: list[QuerySet[Any, Any]] = [
        *(Certificate.objects.filter(each).order_by().values_list("pk") for each in rows),
        *(
            CertificateName.objects.filter(each).order_by().values_list("certificate_id")
            for each in names
        ),
    ]
    union = found[0].union(*found[1:], all=True) if len(found) > 1 else found[0]
    ids = [pk for (pk,) in union[: FEW + 1]]
    if len(ids) <= FEW:
        return Q(IdIn(sorted(set(ids))))
    named_so = CertificateName.objects.filter(_any(names), certificate=OuterRef("pk"))
    return _any(rows) | Q(Exists(named_so)) if names else _any(rows)


def _any(conditions: Sequence[Q]) -> Q:
    found = Q(pk__in=[])
    for each in conditions:
        found |= each
    return found


def _named(text: str) -> list[Q]:
    """Exactly or as a beginning; and the wildcard that a host name is covered by."""
    plain = text.strip().lower()[:KEY_LENGTH]
    if plain.startswith(("*.", ".")):
        return [below(plain), Q(key=ascii_form(plain))]
    found = [begins("key", ascii_form(plain)), begins("unicode_key", plain)]
    label, _, parent = ascii_form(plain).partition(".")
    if label and "." in parent:
        found.append(Q(key=f"*.{parent}"))
    return found


def _issued(text: str) -> list[Q]:
    """Issuers that begin so, however their words are written."""
    words = text.strip().split(" ")
    upper = " ".join(word[:1].upper() + word[1:] for word in words)
    spelled = {text.strip(), text.strip()[:1].upper() + text.strip()[1:], upper}
    return [begins("issuer_title", each[:KEY_LENGTH]) for each in sorted(spelled)]
