"""The form of a rule, and its preview from there and by the API."""

import pytest
from django.urls import reverse

from alerts.models import PolicyVersion, Rule, RuleAction, Transition
from alerts.policy import forget_policy
from opsportal.accounts.models import AuditEntry
from opsportal.lib.times import utc_now
from tests.accounts.people import bearer, make_key, make_person, make_team
from tests.alerts.makers import make_alert, make_channel, make_rule

pytestmark = pytest.mark.django_db
ADD, PREVIEW = "/admin/alerts/rule/add/", "/admin/alerts/rule/preview/"


@pytest.fixture(autouse=True)
def _fresh_policy():
    forget_policy()


@pytest.fixture
def admin(client):
    client.force_login(make_person("administrator"))


@pytest.fixture
def alert():
    now = utc_now()
    alert = make_alert(severity="high", received_at=now, name="Disk<b>Full")
    Transition.objects.create(alert=alert, kind="opened", at=now, after="high")
    return alert


def form(*actions, **more):
    fields = {
        "name": "draft", "match": '{severity="high"}', "order": "10", "enabled": "on",
        "actions-TOTAL_FORMS": len(actions), "actions-INITIAL_FORMS": 0,
    }  # fmt: skip
    for number, action in enumerate(actions):
        fields |= {f"actions-{number}-{name}": value for name, value in action.items()}
    return fields | more


def complaint(client, *actions, **more):
    response = client.post(ADD, form(*actions, **more))
    assert response.status_code == 200
    assert not Rule.objects.exists()
    return response.content.decode()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("match", "nonsense", "column 9"),
        ("active_times", "sometimes", "is not understood"),
        ("active_times", "mon 09:00-17:00 Mars/Base", "is no time zone"),
        ("group_wait", "soon", "is no duration"),
        ("group_wait", "2h", "from 0 to 1 hour"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_stored(client, admin, field, value, message):
    response = client.post(
        ADD, form({"kind": "suppress", "value": "x"}, **{field: value}), follow=True
    )
    assert message in response.content.decode()
    assert not Rule.objects.exists()


def test_actions_that_lack_something_are_told(client, admin, settings):
    settings.REMEDIATIONS = ["tests.alerts.plugins.Restart"]
    assert "page needs a team" in complaint(client, {"kind": "page"})
    assert "no remediation" in complaint(client, {"kind": "remediate"})
    wrong = {"kind": "remediate", "plugin": "restart"}
    assert "wrong: not here" in complaint(client, wrong | {"parameters": '{"wrong": 1}'})
    assert "keys and values" in complaint(client, wrong | {"parameters": "[1]"})
    assert "not YAML" in complaint(client, wrong | {"parameters": "a: [1"})
    assert "quotes" in complaint(client, wrong | {"parameters": "day: 2026-01-01"})
    assert "finite" in complaint(client, wrong | {"parameters": "a: .inf"})


def test_what_belongs_to_another_kind_is_dropped(client, admin):
    team = make_team()
    left_over = {
        "kind": "page",
        "team": team.pk,
        "value": "x",
        "parameters": "a: 1",
        "field": "team",
    }
    assert client.post(ADD, form(left_over)).status_code == 302
    action = RuleAction.objects.get()
    assert (action.team, action.value, action.parameters, action.field) == (team, "", {}, "")


def test_a_new_rule_starts_with_the_usual_times(client, admin):
    html = client.get(ADD).content.decode()
    assert 'value="10s"' in html
    assert 'value="5m"' in html
    assert 'formaction="/admin/alerts/rule/preview/"' in html


def test_an_unsaved_rule_is_previewed(client, admin, alert):
    make_rule("all", "", make_channel("ops"), order=100)
    pager = make_channel("pager")
    action = {"kind": "notify", "channel": pager.pk}
    response = client.post(PREVIEW, form(action, group_by="service", days="1"))
    assert response.status_code == 200
    html = response.content.decode()
    assert "pager is told" in html
    assert "Disk&lt;b&gt;Full" in html
    assert f"/alerts/{alert.pk}/" in html
    assert "by service: first after 10s" in html
    assert '<input type="hidden" name="actions-0-kind" value="notify">' in html
    assert "<svg" in html
    assert not Rule.objects.filter(name="draft").exists()
    assert not PolicyVersion.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_changed_rule_is_previewed_in_place_of_itself(client, admin, alert):
    ops = make_channel("ops")
    rule = make_rule("draft", "", ops, order=10)
    stored = rule.actions.get()
    path = reverse("admin:alerts_rule_preview_changed", args=[rule.pk])
    kept = {"id": stored.pk, "rule": rule.pk, "kind": "notify", "channel": ops.pk}
    more = {"actions-INITIAL_FORMS": 1}
    html = client.post(path, form(kept, **more, match='severity="low"')).content.decode()
    assert "ops is not told" in html
    gone = client.post(path, form(kept | {"DELETE": "on"}, **more)).content.decode()
    assert "ops is not told" in gone
    rule.refresh_from_db()
    assert (rule.match, rule.actions.count()) == ("", 1)


def test_a_form_that_is_wrong_is_not_previewed(client, admin):
    for fields in (form(match="nonsense"), form({"kind": "page"}), form(group_wait="2h"), {}):
        response = client.post(PREVIEW, fields)
        assert response.status_code == 400
        assert "cannot be previewed yet" in response.content.decode()
    assert client.get(PREVIEW).status_code == 405
    assert client.post("/admin/alerts/rule/999/preview/", form()).status_code == 404


def test_a_team_admin_previews_own_rules(client, alert):
    team = make_team("payments")
    client.force_login(make_person("team_admin", team))
    mine, theirs = make_rule("mine", team=team), make_rule("theirs")
    fields = form(team=team.pk)
    assert client.post(PREVIEW, fields).status_code == 200
    mine_path = f"/admin/alerts/rule/{mine.pk}/preview/"
    assert client.post(mine_path, fields).status_code == 200
    assert client.post(f"/admin/alerts/rule/{theirs.pk}/preview/", fields).status_code == 403
    client.force_login(make_person("responder", team))
    assert client.post(PREVIEW, fields).status_code == 403
    assert client.post(mine_path, fields).status_code == 403


class TestApi:
    PATH = "/api/v1/rules/preview"

    @pytest.fixture(autouse=True)
    def _key(self, client):
        self.client = client
        self.headers = bearer(make_key("config:read")[1])

    def post(self, body, query="", status=200):
        answer = self.client.post(
            self.PATH + query, body, content_type="application/json", headers=self.headers
        )
        assert answer.status_code == status, answer.content
        return answer.json()

    def test_a_rule_as_files_write_it_is_previewed(self, alert):
        make_channel("pager")
        body = {"name": "draft", "match": 'severity="high"', "actions": [{"notify": "pager"}]}
        found = self.post(body, "?days=1")
        assert (found["matched_alerts"], found["messages_with"]) == (1, 1)
        assert found["channels"][0] | {} == {
            "name": "pager", "alerts_without": 0, "alerts_with": 1,
            "messages_without": 0, "messages_with": 1,
        }  # fmt: skip
        assert found["samples"][0]["newly_told"] == ["pager"]
        assert not Rule.objects.exists()

    def test_of_a_stored_rule_what_is_not_said_stays(self, alert):
        make_rule("draft", 'severity="high"', make_channel("ops"))
        assert self.post({"name": "draft"})["no_longer_told_alerts"] == 0
        assert self.post({"name": "draft", "enabled": False})["no_longer_told_alerts"] == 1

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, ""), ([], ""), ({"name": "x", "match": "a"}, "match"),
            ({"name": "x", "actions": [{"notify": "nobody"}]}, "actions[0].notify"),
            ({"name": "x", "group_wait": "2h"}, "group_wait"),
            ({"name": "x", "actions": [{"set": {"severity": "bad"}}]}, "actions[0].set.severity"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_told_with_its_place(self, body, field):
        errors = self.post(body, status=400)["errors"]
        assert errors[0]["field"] == field

    @pytest.mark.parametrize("days", ["0", "31", "x", "-1", "9" * 30, ""])
    def test_days_are_bounded(self, days):
        assert self.post({"name": "x"}, f"?days={days}", 400)["errors"][0]["field"] == "days"

    def test_the_list_shows_times_grouping_and_remediation(self, settings):
        team = make_team("payments")
        rule = make_rule("r", active_times="mon 09:00-17:00", group_by=["service"])
        RuleAction.objects.create(rule=rule, kind="page", team=team)
        RuleAction.objects.create(
            rule=rule, position=1, kind="remediate", value="restart", parameters={"a": 1}
        )
        (shown,) = self.client.get("/api/v1/rules", headers=self.headers).json()["results"]
        assert shown["active_times"] == "mon 09:00-17:00"
        assert (shown["group_by"], shown["group_wait"], shown["group_interval"]) == (
            ["service"], 10, 300,
        )  # fmt: skip
        page, act = shown["actions"]
        assert page["team"] == "payments"
        assert (act["value"], act["parameters"], act["dry_run"], act["approval"]) == (
            "restart", {"a": 1}, True, "required",
        )  # fmt: skip
