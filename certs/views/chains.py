"""Chains as pages draw them, from what is stored and from what was just read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from certs.check import Link
from certs.models import Certificate, ServedCertificate
from certs.x509.names import unicode_host
from opsportal.lib.ids import IdIn

_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ShownLink:
    """A certificate of a chain. `tone`: bad, soon, later (not valid yet) or good."""

    title: str
    issuer: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    days_left: int | None = None
    tone: str = "bad"
    key: str = ""
    sha256: str = ""
    names: Sequence[str] = ()
    more_names: int = 0
    url: str = ""
    self_signed: bool = False
    is_ca: bool = False


def tone_of(not_before: datetime, not_after: datetime, now: datetime) -> str:
    """How near the end is: of the last fifth of its time, and never more than 30 days before."""
    if not_after < now:
        return "bad"
    if not_before > now:
        return "later"
    soon = min((not_after - not_before) / 5, _SOON)
    return "soon" if not_after - now < soon else "good"


def days_left(not_after: datetime, now: datetime) -> int:
    """Whole days; negative when it is over."""
    return (not_after - now) // timedelta(days=1)


def _readable(name: str) -> str:
    return unicode_host(name) if "xn--" in name else name


def drawn_link(link: Link, *, now: datetime) -> ShownLink:
    """Of what was just read."""
    parsed = link.parsed
    if parsed is None:
        return ShownLink("cannot be read")
    names = [each.unicode or each.value for each in parsed.names if each.kind in ("dns", "ip")]
    return ShownLink(
        title=_readable(parsed.common_name) or (names[0] if names else parsed.subject),
        issuer=parsed.issuer_title,
        not_before=parsed.not_before,
        not_after=parsed.not_after,
        days_left=link.days_left,
        tone=tone_of(parsed.not_before, parsed.not_after, now),
        key=link.key,
        sha256=parsed.sha256,
        names=names[:12],
        more_names=max(len(names) - 12, 0),
        self_signed=parsed.self_signed,
        is_ca=parsed.is_ca,
    )


def drawn_row(row: Certificate, *, now: datetime) -> ShownLink:
    """Of what is stored."""
    size = row.key_curve or str(row.key_size or "")
    return ShownLink(
        title=_readable(str(row)),
        issuer=row.issuer_title,
        not_before=row.not_before,
        not_after=row.not_after,
        days_left=days_left(row.not_after, now),
        tone=tone_of(row.not_before, row.not_after, now),
        key=f"{row.key_type.upper()} {size}".strip(),
        sha256=row.sha256,
        url=row.get_absolute_url(),
        self_signed=row.self_signed,
        is_ca=row.is_ca,
    )


def chains_of(observations: Sequence[int], *, now: datetime) -> dict[int, list[ShownLink]]:
    """The chain of each observation, in the order served; one query."""
    found: dict[int, list[ShownLink]] = defaultdict(list)
    rows = ServedCertificate.objects.filter(IdIn(observations, "observation_id"))
    rows = rows.select_related("certificate").defer("certificate__der")
    for row in rows.order_by("observation_id", "position"):
        found[row.observation_id].append(drawn_row(row.certificate, now=now))
    return dict(found)
