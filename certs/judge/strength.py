"""What is wrong with certificates themselves: keys, signatures, lifetimes, revocation."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from certs.judge.batch import Batch
from certs.judge.expiry import lowered
from certs.judge.verdict import Verdict
from certs.kinds import KINDS as _SEVERITIES
from certs.models import Certificate, Revocation
from certs.validate.public import publicly_trusted
from certs.x509.lifetimes import excess_lifetime, lifetime, lifetime_rule
from certs.x509.weakness import weak_key, weak_signature
from opsportal.lib.ids import IdIn

KINDS = ("weak_key", "weak_signature", "too_long_lived", "revoked", "crl_stale")
# An issuer may be late for so long.
CRL_GRACE = timedelta(hours=1)


def judge_strength(batch: Batch) -> None:
    """Of each that is in use; in a fixed number of statements."""
    rows = batch.living()
    said = {
        each.certificate_id: each
        for each in Revocation.objects.filter(IdIn([row.pk for row in rows], "certificate_id"))
    }
    long = [row.pk for row in rows if not row.is_ca and _excess(row) is not None]
    public = publicly_trusted(long, now=batch.now)
    for row in rows:
        for verdict in (
            *judge_weakness(row),
            *judge_lifetime(row, public),
            *judge_revocation(row, said.get(row.pk), now=batch.now),
        ):
            batch.say(row, verdict)


def judge_weakness(row: Certificate) -> Iterator[Verdict]:
    """Keys and signatures that can be broken."""
    if (why := weak_key(row)) is not None:
        yield _verdict(row, "weak_key", f"has a weak key: {why}")
    if (why := weak_signature(row)) is not None:
        yield _verdict(row, "weak_signature", f"is {why}")


def judge_lifetime(row: Certificate, public: Collection[int]) -> Iterator[Verdict]:
    """A certificate of public trust that lives longer than browsers allow."""
    if row.pk not in public:
        return
    excess, rule = _excess(row), lifetime_rule(row.not_before)
    if excess is None or rule is None:
        return
    days = lifetime(row.not_before, row.not_after) / timedelta(days=1)
    yield _verdict(row, "too_long_lived", f"is valid for {days:.4g} days, more than {rule}")


def judge_revocation(
    row: Certificate, said: Revocation | None, *, now: datetime
) -> Iterator[Verdict]:
    """What its issuer took back, and issuers that do not say any more."""
    if said is None or row.not_after < now:
        return
    if said.status == Revocation.Status.REVOKED:
        why = f" ({said.reason.replace('_', ' ')})" if said.reason else ""
        at = f" on {said.revoked_at:%Y-%m-%d %H:%M} UTC" if said.revoked_at else ""
        yield _verdict(row, "revoked", f"was revoked{at}{why}, by {said.url}")
    if said.next_update is not None and now - said.next_update > CRL_GRACE:
        yield _verdict(
            row, "crl_stale",
            f"may be revoked unheard: {said.url} is past its next update of "
            f"{said.next_update:%Y-%m-%d %H:%M} UTC",
        )  # fmt: skip


def _excess(row: Certificate) -> timedelta | None:
    return excess_lifetime(row.not_before, row.not_after)


def _verdict(row: Certificate, kind: str, summary: str) -> Verdict:
    return Verdict(kind, lowered(_SEVERITIES[kind].severity, row.use), summary)
