"""What ACM says of its certificates, through EventBridge. Payloads as in ACM's user guide."""

import json
from datetime import timedelta

import pytest

from alerts.formats.aws.eventbridge import EventBridgeFormat
from alerts.models import Alert
from opsportal.lib.contracts import Received
from tests.accounts.people import make_key
from tests.alerts.makers import NOW

ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/61f50cd4-45b9-4259-b049-d0a53682fa4b"
APPROACHING, ACTION = "Approaching Expiration", "Renewal Action Required"


def event(kind, event_id="1", **detail):
    return {
        "version": "0", "id": event_id, "detail-type": f"ACM Certificate {kind}",
        "source": "aws.acm", "account": "123456789012", "time": "2026-03-01T06:51:08Z",
        "region": "eu-west-1", "resources": [ARN],
        "detail": {"CommonName": "shop.example", **detail},
    }  # fmt: skip


def parsed(given):
    received = Received(json.dumps(given).encode(), NOW, team_id=3)
    (found,) = EventBridgeFormat().parse(received).events
    return found


def test_one_that_expires_says_its_name_its_days_and_its_arn():
    found = parsed(event(APPROACHING, DaysToExpiry=31))
    assert (found.name, found.status) == ("ACM certificate expires", "firing")
    assert found.summary == "shop.example: the certificate expires in 31 days"
    assert (found.resource, found.value, found.source) == (ARN, 31.0, "aws.acm")
    assert found.labels["common_name"] == "shop.example"
    assert found.links[0].href == (
        "https://eu-west-1.console.aws.amazon.com/acm/home?region=eu-west-1"
        "#/certificates/61f50cd4-45b9-4259-b049-d0a53682fa4b"
    )


@pytest.mark.parametrize(
    ("days", "severity", "words"),
    [
        (45, "low", "in 45 days"), (31, "low", "in 31 days"), (30, "warning", "in 30 days"),
        (14, "high", "in 14 days"), (4, "high", "in 4 days"), (3, "critical", "in 3 days"),
        (1, "critical", "in 1 day"), (0, "critical", "today"), (-1, "critical", "today"),
        (None, "warning", "soon"), ("31", "warning", "soon"), (10**400, "warning", "soon"),
    ],
)  # fmt: skip
def test_the_fewer_days_the_worse(days, severity, words):
    found = parsed(event(APPROACHING, DaysToExpiry=days))
    assert (found.severity, found.summary.partition("expires ")[2]) == (severity, words)


@pytest.mark.parametrize(
    ("kind", "days", "timeout"),
    [
        (APPROACHING, 45, timedelta(days=3)),
        (APPROACHING, 4, timedelta(days=3)),
        # Nothing more may ever be said of an imported one.
        (APPROACHING, 3, None),
        (ACTION, 30, None),
        ("Expired", None, None),
        ("Revoked", None, None),
    ],
)
def test_only_what_is_said_daily_ends_by_silence(kind, days, timeout):
    assert parsed(event(kind, DaysToExpiry=days)).timeout == timeout


def test_one_that_cannot_be_renewed_says_why():
    found = parsed(event(ACTION, DaysToExpiry=15, RenewalStatusReason="CAA_ERROR"))
    assert found.summary == (
        "shop.example: ACM cannot renew the certificate (CAA_ERROR), which expires in 15 days"
    )
    assert (found.severity, found.labels["renewal_status_reason"]) == ("warning", "CAA_ERROR")


@pytest.mark.parametrize(
    ("detail", "severity"),
    [
        ({"InUse": True, "Exported": False}, "critical"),
        ({"InUse": False, "Exported": True}, "critical"),
        ({"InUse": False, "Exported": False}, "low"),
        ({}, "critical"),
    ],
)
def test_what_has_expired_is_as_bad_as_it_is_used(detail, severity):
    assert parsed(event("Expired", **detail)).severity == severity
    revoked = parsed(event("Revoked", **detail))
    assert (revoked.severity, revoked.name) == (severity, "ACM certificate revoked")


def test_of_a_certificate_there_is_one_alert():
    keys = {
        parsed(event(kind, event_id=kind)).dedup_key
        for kind in (APPROACHING, ACTION, "Expired", "Revoked", "Available")
    }
    assert keys == {f"acm|{ARN}"}
    assert parsed(event("Available", DaysToExpiry=198)).status == "resolved"
    nameless = {**event(APPROACHING), "resources": [], "detail": {}}
    assert parsed(nameless).dedup_key == "acm|123456789012|eu-west-1|A certificate"


def test_what_others_send_in_its_name_is_none():
    other = parsed({**event("Available"), "source": "my.app"})
    assert (other.status, other.dedup_key.startswith("eventbridge|")) == ("firing", True)


@pytest.mark.parametrize("kind", [APPROACHING, ACTION, "Expired", "Available"])
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [[7]], "\0", 10**400, "9" * 9000])
def test_members_of_wrong_types_are_as_good_as_absent(kind, value):
    base = event(kind, DaysToExpiry=5, RenewalStatusReason="OTHER", InUse=True)
    for member in ("account", "region", "time", "resources"):
        assert "\0" not in repr(parsed({**base, member: value}))
    for member in base["detail"]:
        found = parsed({**base, "detail": {**base["detail"], member: value}})
        assert "\0" not in repr(found)
        assert len(found.summary) <= 1024


@pytest.mark.django_db
def test_daily_repeats_are_repeats_until_there_is_a_new_one(client):
    key = make_key("alerts:write")[1]

    def post(given):
        answer = client.post(
            "/hooks/eventbridge", given, content_type="application/json", headers={"X-API-Key": key}
        )
        assert answer.status_code == 200
        return answer.json()["results"][0]["outcome"]

    assert post(event(APPROACHING, "31", DaysToExpiry=31)) == "opened"
    post(event(APPROACHING, "30", DaysToExpiry=30))
    post(event(APPROACHING, "29", DaysToExpiry=29))
    alert = Alert.objects.get()
    assert (alert.severity, alert.repeat_count, alert.status) == ("warning", 2, "firing")
    assert alert.summary == "shop.example: the certificate expires in 29 days"
    post(event("Available", "new", Action="REIMPORT", DaysToExpiry=198))
    assert Alert.objects.get().status == "resolved"
