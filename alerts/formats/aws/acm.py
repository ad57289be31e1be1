"""What ACM says of its certificates: one alert for each, until there is a new one.

Source: "Amazon EventBridge support for ACM" in the user guide of AWS Certificate Manager. A
certificate keeps its ARN when it is renewed, and when another is imported in its place.
"""

from datetime import timedelta

from alerts.formats.aws.event import Event
from alerts.formats.aws.fields import severity, web_console
from alerts.formats.native import joined_key
from alerts.normalise import FIRING, RESOLVED, AlertEvent, Link
from opsportal.lib.fields import number, text

# Said daily until the certificate expires: whatever is said no more was deleted. In the last days
# there is no such end, since nothing is said of an imported one once it has expired.
LASTS, LAST_DAYS = timedelta(days=3), 3
# Most days left -> how bad that is.
_BY_DAYS = ((3, "critical"), (14, "high"), (30, "warning"))


def certificate_event(event: Event) -> AlertEvent:
    """It expires, cannot be renewed, has expired, is revoked; or there is a new one."""
    arn = event.resources[0] if event.resources else ""
    name = text(event.detail.get("CommonName"), 300) or arn.rpartition("/")[2] or "A certificate"
    kind = text(event.event["detail-type"], 300).removeprefix("ACM Certificate ")
    days = number(event.detail.get("DaysToExpiry"))
    over = kind == "Available"
    brief = kind == "Approaching Expiration" and days is not None and days > LAST_DAYS
    return event.make(
        name="ACM certificate revoked" if kind == "Revoked" else "ACM certificate expires",
        dedup_key=joined_key(["acm", arn] if arn else ["acm", event.account, event.region, name]),
        status=RESOLVED if over else FIRING,
        severity=severity(event.hints, _severity(event, kind, days)),
        summary=_summary(event, kind, name, days)[:1024],
        labels={
            "common_name": name,
            "certificate_type": event.detail.get("CertificateType"),
            "renewal_status_reason": event.detail.get("RenewalStatusReason"),
        },
        links=_links(event, arn),
        value=days,
        timeout=LASTS if brief else None,
    )


def _severity(event: Event, kind: str, days: float | None) -> str:
    if kind in ("Expired", "Revoked"):
        # Outside of AWS is only what was exported.
        unused = event.detail.get("InUse") is False and event.detail.get("Exported") is not True
        return "low" if unused else "critical"
    if days is None:
        return "warning"
    return next((bad for most, bad in _BY_DAYS if days <= most), "low")


def _summary(event: Event, kind: str, name: str, days: float | None) -> str:
    if kind == "Available":
        return f"{name} has a new certificate"
    if kind in ("Expired", "Revoked"):
        return f"{name}: the certificate {'has expired' if kind == 'Expired' else 'is revoked'}"
    when = _when(days)
    if kind == "Renewal Action Required":
        reason = text(event.detail.get("RenewalStatusReason"), 100) or "no reason given"
        return f"{name}: ACM cannot renew the certificate ({reason}), which expires {when}"
    return f"{name}: the certificate expires {when}"


def _when(days: float | None) -> str:
    if days is None:
        return "soon"
    if days < 1:
        return "today"
    return "in 1 day" if days < 2 else f"in {days:.0f} days"


def _links(event: Event, arn: str) -> tuple[Link, ...]:
    console = web_console(event.region, arn.split(":")[1] if ":" in arn else "aws")
    identifier = arn.rpartition("/")[2]
    if not console or not identifier.replace("-", "").isalnum():
        return ()
    href = f"{console}/acm/home?region={event.region}#/certificates/{identifier}"
    return (Link(href, "Certificate Manager"),)
