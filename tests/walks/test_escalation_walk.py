"""A page's whole way, in real time through the real processes: the second person is told."""

import pytest

from tests.alerts.receivers import mail_server
from tests.waiting import wait_until

pytestmark = pytest.mark.processes

PEOPLE = """
from opsportal.accounts.models import User
for name in ("jo", "sam"):
    User.objects.create_user(name, f"{name}@example.org")
"""
CONFIG = """
teams:
- {name: payments, members: [jo, sam]}
schedules:
- name: primary
  team: payments
  zone: Europe/Berlin
  layers: [{name: always, rotation: 1w, starts_at: 2026-01-05 09:00, people: [jo]}]
escalations:
- name: payments
  team: payments
  repeat: 1
  repeat_after: 2s
  steps:
  - {delay: 0s, notify: [{schedule: primary}]}
  - {delay: 3s, notify: [{user: sam}]}
rules:
- name: critical pages
  match: severity="critical"
  order: 10
  actions: [{page: payments}]
"""


def test_the_second_is_told_in_real_time_and_an_acknowledgement_ends_it(walk):
    with mail_server() as mail:
        walker = walk(OPSPORTAL_EMAIL_URL=f"smtp://127.0.0.1:{mail.port}")
        scopes = ("alerts:read", "alerts:write", "alerts:respond")
        walker.key = walker.manage("createkey", "k", *(f"--scope={scope}" for scope in scopes))
        walker.manage("shell", "-c", PEOPLE)
        walker.configure(CONFIG)
        alert = walker.post({"name": "DiskFull", "severity": "critical"})[1]

        def told() -> list[str]:
            return [received.recipients[0] for received in mail.received]

        # Twice through the policy, since nobody takes it; each after the other.
        wait_until(lambda: len(told()) >= 3, 60)
        assert told()[:3] == ["jo@example.org", "sam@example.org", "jo@example.org"]
        assert walker.post({}, f"/api/v1/alerts/{alert['id']}/acknowledge")[0] == 200
        [walked] = walker.get("/api/v1/escalations")["results"]
        assert walked["progress"] == "acknowledged"
        story = walker.get(f"/api/v1/alerts/{alert['id']}")["transitions"]
        paged = [step for step in story if step["kind"] == "paged"]
        assert [step["after"] for step in paged][:3] == ["jo", "sam", "jo"]
        assert "jo (on call for primary)" in paged[0]["note"]
        assert walker.post({}, f"/api/v1/alerts/{alert['id']}/resolve")[0] == 200

        def heard_the_end() -> set[str]:
            ends = [one for one in mail.received if "RESOLVED" in one.mail["Subject"].upper()]
            return {one.recipients[0] for one in ends}

        wait_until(lambda: heard_the_end() == {"jo@example.org", "sam@example.org"}, 60)
