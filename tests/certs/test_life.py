"""398 days: exactly these messages, to exactly these people."""

import pytest

from alerts.models import Alert
from tests.certs.life import live

pytestmark = pytest.mark.django_db(transaction=True)
JO, ADA, BOSS = "jo@example.org", "ada@example.org", "boss@example.org"
EXPIRES = "shop: www.example.com expires in"


def test_a_life_of_398_days_says_exactly_this():
    life = live()
    said = [(round(each.day, 1), each.to, each.subject.split(" (")[0]) for each in life.said]
    ends = [each for each in said if each[2].startswith("[RESOLVED]")]
    assert [each for each in said if each not in ends] == [
        # The portal was down when a quarter was left, on day 298.5: told once on return.
        (301.0, JO, f"[WARNING] {EXPIRES} 97 days"),
        (301.9, ADA, f"[WARNING] {EXPIRES} 97 days"),
        # Jo had acknowledged that; this is worse.
        (338.3, JO, f"[HIGH] {EXPIRES} 59 days"),
        (338.9, ADA, f"[HIGH] {EXPIRES} 59 days"),
        # A snooze of two weeks has passed.
        (354.0, JO, f"[HIGH] {EXPIRES} 44 days"),
        (354.9, ADA, f"[HIGH] {EXPIRES} 43 days"),
        (378.1, BOSS, f"[CRITICAL] {EXPIRES} 19 days"),
        (378.1, JO, f"[CRITICAL] {EXPIRES} 19 days"),
        (378.1, JO, f"[PAGE, CRITICAL] {EXPIRES} 19 days"),
        # Half an hour later, since nobody had answered.
        (378.1, ADA, f"[PAGE, CRITICAL] {EXPIRES} 19 days"),
        (378.9, ADA, f"[CRITICAL] {EXPIRES} 19 days"),
        (
            385.0,
            JO,
            "[HIGH] shop: www.example.com was renewed 1 hour ago in ACM, and the old one is still "
            "served at 2 of 3 addresses",
        ),
        (385.9, ADA, "[CRITICAL] 2 alerts: 1 critical, 1 high"),
    ]
    assert {(day, to) for day, to, _ in ends} == {
        (394.0, JO), (394.0, ADA), (394.0, BOSS), (394.9, ADA),
    }  # fmt: skip
    assert all("renewed; the new one is seen in its place" in subject for *_, subject in ends)
    # And the new one, its acknowledgement and snooze gone with the old one's alert, is silent.
    assert not Alert.objects.filter(resolved_at=None).exists()
    assert life.rounds < 200
