"""A change under way holds back the alerts in its scope: whose may, which, and for how long."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.explain import explain_alert
from alerts.models import ChangeWindow, PolicyVersion
from alerts.policy import load_policy, policy_at
from alerts.preview import preview_rule
from alerts.submit import Submission, store_submission
from alerts.windows import MOST_AT_ONCE, end_window, sweep_windows
from chronos.formats.native import NativeFormat
from chronos.models import ChangeEvent
from chronos.normalise import Change
from chronos.record import record_changes
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from opsportal.accounts.models import AuditEntry, Team
from opsportal.lib.contracts import Parsed, Received
from opsportal.lib.times import utc_now
from tests.accounts.people import make_person
from tests.alerts.makers import JO, NOW, later, make_channel, make_rule
from tests.alerts.routing import change_severity, opened, release, route, told

pytestmark = pytest.mark.django_db
BILLING = 'service="billing"'


@pytest.fixture
def key():
    return make_key("ci")


def make_key(name, *scopes, team=None):
    scopes = scopes or ("events:write", "silences:write")
    return create_key(name, scopes, team=team, actor=COMMAND_LINE, now=NOW)[0]


def report(key, *changes, now=NOW, **values):
    """What a door of changes stores; the receipts."""
    usual = {
        "kind": "deployment", "title": "api 3.2", "status": "started", "external_id": "d1",
        "source": "ci", "scope": BILLING, "started_at": NOW,
    }  # fmt: skip
    sent = changes or (Change(**usual | values),)
    received = Received(b"", now, key_id=key.pk, team_id=key.team_id)
    return store_submission(Submission(NativeFormat(), received, Parsed(changes=list(sent)), key))


def outcome(now=NOW, **values) -> str:
    alert = opened(now, **values)
    alert.refresh_from_db()
    return str(alert.suppressed)


def until(**amount) -> str:
    return f"change {ChangeEvent.objects.get().pk} until {later(**amount):%Y-%m-%d %H:%M} UTC"


def test_alerts_in_the_scope_wait_for_the_expected_end_and_its_grace_although_nobody_reports_it(
    key,
):
    make_rule("all", "", make_channel())
    report(key, expected_end_at=later(minutes=30))
    alert, other = opened(), opened(service="search")
    alert.refresh_from_db()
    assert alert.suppressed == f"{until(minutes=35)}: api 3.2"
    assert (told(alert), told(other)) == ([], [("ops", "warning")])
    assert release(later(minutes=34)) == []
    assert release(later(minutes=35))[0].outcome == "notified"
    assert told(alert) == [("ops", "warning")]


@pytest.mark.parametrize(
    ("status", "minutes"), [("succeeded", 15), ("failed", 10), ("cancelled", 10)]
)
def test_a_change_that_ends_early_ends_it_and_one_that_went_wrong_at_once(key, status, minutes):
    make_rule("all", "", make_channel())
    report(key, expected_end_at=later(minutes=30))
    opened()
    report(key, now=later(minutes=10), status=status, ended_at=later(minutes=10), scope="")
    assert release(later(minutes=minutes - 1) if minutes > 10 else later(minutes=9)) == []
    assert release(later(minutes=minutes))[0].outcome == "notified"
    # What comes afterwards is told: a report that it has started comes too late.
    report(key, now=later(minutes=16), expected_end_at=later(hours=2))
    assert outcome(later(minutes=17)) == ""


def test_nothing_holds_longer_than_the_hard_maximum(key, settings):
    settings.CHANGE_WINDOW_MOST = timedelta(hours=2)
    report(key, expected_end_at=later(days=3))
    assert outcome(later(minutes=119)) == f"{until(hours=2)}: api 3.2"
    report(
        key, now=later(minutes=119), started_at=later(minutes=119), expected_end_at=later(days=9)
    )
    assert outcome(later(minutes=121)) == ""


def test_without_an_expected_end_it_holds_until_the_change_ends(key):
    report(key, scope=BILLING)
    assert outcome(later(minutes=200)) == f"{until(hours=4)}: api 3.2"


def test_what_is_more_severe_than_the_limit_is_told_and_so_is_what_becomes_so(key, settings):
    make_rule("all", "", make_channel())
    report(key)
    assert outcome(severity="critical") == ""
    assert outcome(severity="high") != ""
    alert = opened()
    change_severity(alert, "critical", "worsened")
    assert route()[0].outcome == "notified"
    settings.CHANGE_WINDOW_UP_TO = "low"
    report(key, external_id="d2")
    assert outcome(severity="warning").startswith(f"change {ChangeEvent.objects.first().pk - 1} ")


def test_a_planned_change_holds_from_its_time_on(key):
    report(key, status="planned", started_at=later(hours=1), expected_end_at=later(hours=2))
    assert outcome() == ""
    assert outcome(later(minutes=61)) == f"{until(minutes=125)}: api 3.2"


def test_a_key_without_silences_write_records_the_change_and_holds_back_nothing():
    [receipt] = report(make_key("bot", "events:write"))
    event = ChangeEvent.objects.get()
    assert "silences:write" in receipt.note
    assert (event.scope, event.data["scope_note"]) == ("", receipt.note)
    assert not ChangeWindow.objects.exists()
    assert outcome() == ""


@pytest.mark.parametrize(
    "scope", ["{}", 'service=~".*"', 'service!="x"', "service=", 'a="\0"', 'a="' + "x" * 1000 + '"']
)
def test_a_scope_that_is_wrong_or_means_nearly_everything_is_dropped_with_a_note(key, scope):
    [receipt] = report(key, scope=scope)
    assert receipt.note.startswith("scope was dropped: ")
    assert ChangeEvent.objects.get().scope == ""
    assert not ChangeWindow.objects.exists()


def test_others_cannot_prolong_what_a_key_has_asked_for_but_end_it(key):
    report(key, expected_end_at=later(minutes=30))
    bot, payments = make_key("bot", "events:write"), Team.objects.create(name="payments")
    report(bot, expected_end_at=later(hours=3), scope='service="search"')
    report(make_key("theirs", team=payments), expected_end_at=later(hours=3))
    assert outcome() == f"{until(minutes=35)}: api 3.2"
    assert outcome(service="search") == ""
    report(key, expected_end_at=later(minutes=60))
    assert outcome() == f"{until(minutes=65)}: api 3.2"
    report(bot, status="failed", ended_at=later(minutes=1), now=later(minutes=1))
    assert outcome(later(minutes=2)) == ""


def test_a_change_that_is_put_at_another_time_does_not_take_its_window_along(key):
    report(key, scope=BILLING)
    moved = Change("deployment", "x", "", later(hours=3), source="ci", external_id="d1")
    record_changes([moved], now=NOW, named={"started_at"})
    report(make_key("bot", "events:write"), severity=3, started_at=later(hours=3))
    assert ChangeEvent.objects.get().started_at == later(hours=3)
    window = ChangeWindow.objects.get()
    assert (window.starts_at, window.ends_at) == (NOW, later(hours=4))


def test_a_team_s_key_holds_back_alerts_of_that_team_and_of_none():
    payments, search = (Team.objects.create(name=name) for name in ("payments", "search"))
    report(make_key("ci", team=payments))
    held = [outcome(team=team) != "" for team in (payments, None, search)]
    assert held == [True, True, False]


def test_a_change_that_ended_by_another_way_ends_its_window(key):
    report(key, expected_end_at=later(hours=2))
    ended = Change(
        kind="deployment", title="", source="ci", external_id="d1", status="failed",
        ended_at=later(minutes=3), started_at=NOW,
    )  # fmt: skip
    record_changes([ended], now=later(minutes=3))
    sweep_windows(now=later(minutes=3))
    window = ChangeWindow.objects.get()
    assert (window.closed, window.ends_at) == (True, later(minutes=3))
    with CaptureQueriesContext(connection) as queries:
        sweep_windows(now=later(minutes=4))
    assert len(queries) == 1


def test_a_person_ends_it_whatever_is_reported_later(key):
    report(key)
    window = ChangeWindow.objects.get()
    assert end_window(window, actor=JO, now=later(minutes=1))
    assert not end_window(window, actor=JO, now=later(minutes=1))
    report(key, expected_end_at=later(hours=3), now=later(minutes=2))
    assert outcome(later(minutes=3)) == ""
    assert AuditEntry.objects.filter(action="end", actor="jo").exists()


def test_explanations_name_the_change_and_the_policy_of_then_knows_it(key):
    make_rule("all", "", make_channel())
    report(key, expected_end_at=later(minutes=30))
    alert = opened()
    alert.refresh_from_db()
    found = explain_alert(alert, now=later(minutes=1))
    [part] = [part for part in found.decisions[0].took_part if part.kind == "change"]
    assert (part.id, part.matchers) == (ChangeEvent.objects.get().pk, ((BILLING, True),))
    assert f"Held back by {until(minutes=35)}: api 3.2." in found.words
    then = load_policy().version
    report(key, status="succeeded", ended_at=NOW, now=later(minutes=1))
    assert policy_at(then).facts.windows[0].ends_at == later(minutes=35)
    assert load_policy().facts.windows[0].ends_at == later(minutes=5)


def test_a_preview_knows_what_a_change_held_back(key):
    report(key)
    opened()
    draft = {
        "name": "new", "match": "", "order": 1, "stop": False, "enabled": True, "team": "",
        "active_times": "", "group_by": [], "group_wait": 0, "group_interval": 0,
        "actions": [{"notify": "ops"}], "ids": {"channels": {"ops": make_channel().pk}},
    }  # fmt: skip
    preview = preview_rule(draft, since=later(hours=-1), now=later(minutes=30))
    assert preview.newly_told_alerts == 0
    assert preview.samples[0].suppressed.startswith("change ")


def test_many_in_one_commit_cost_few_queries_and_too_many_are_dropped(key):
    def changes(size, of):
        return [
            Change(
                kind="deployment", title="x", status="started", external_id=f"{of}{number}",
                source="ci", scope=BILLING, started_at=NOW,
            )
            for number in range(size)
        ]  # fmt: skip

    def cost(size, of):
        with CaptureQueriesContext(connection) as queries:
            receipts = report(key, *changes(size, of))
        return len(queries), receipts

    few, _ = cost(2, "a")
    many, receipts = cost(MOST_AT_ONCE + 5, "b")
    assert many <= few + 1
    assert sum(bool(found.note) for found in receipts) == 5
    assert PolicyVersion.objects.filter(kind="changewindow").count() == MOST_AT_ONCE + 2


def test_changes_without_scope_cost_nothing_more(key):
    report(key, scope="")
    with CaptureQueriesContext(connection) as queries:
        report(key, scope="", external_id="d9")
    assert not [query for query in queries if "changewindow" in query["sql"]]


def test_a_responder_ends_a_window_on_its_page_and_one_of_another_team_does_not(client):
    payments = Team.objects.create(name="payments")
    report(make_key("ci", team=payments), started_at=utc_now(), expected_end_at=None)
    window = ChangeWindow.objects.get()
    page = f"/admin/alerts/changewindow/{window.pk}/"
    client.force_login(make_person("responder"))
    assert client.post(f"{page}end/").status_code == 403
    assert "End now" not in client.get(f"{page}change/").content.decode()
    client.force_login(make_person("responder", payments))
    assert "End now" in client.get(f"{page}change/").content.decode()
    client.get(f"{page}end/")
    window.refresh_from_db()
    assert not window.closed
    assert client.post(f"{page}end/").status_code == 302
    window.refresh_from_db()
    assert window.closed


def test_over_http_the_answer_says_what_was_dropped(client):
    def post(*scopes, **fields):
        text = create_key("ci", scopes, actor=COMMAND_LINE, now=utc_now())[1]
        sent = {"kind": "deployment", "title": "api 3.2", "status": "started", "service": "api"}
        body = sent | {"external_id": "b1", "scope": BILLING} | fields
        headers = {"Authorization": f"Bearer {text}"}
        return client.post("/api/v1/events", body, "application/json", headers=headers)

    answer = post("events:write")
    assert (answer.status_code, "silences:write" in answer.json()["note"]) == (201, True)
    assert not ChangeWindow.objects.exists()
    answer = post("events:write", "silences:write", expected_end_at="2199-01-01T00:00:00Z")
    assert (answer.status_code, "note" in answer.json()) == (200, False)
    window = ChangeWindow.objects.get()
    assert window.ends_at - window.starts_at == timedelta(hours=4)
