"""The list with its order, the versions of a rule, and restoring one."""

import pytest
from django.contrib.messages import get_messages

from alerts.change import delete_rule, save_rule
from alerts.models import PolicyVersion, Rule, RuleAction
from opsportal.accounts.models import AuditEntry
from tests.accounts.people import make_person, make_team
from tests.alerts.makers import JO, NOW, later, make_channel, make_rule

pytestmark = pytest.mark.django_db
ORDER = "/rules/order/"


@pytest.fixture
def admin(client):
    person = make_person("administrator")
    client.force_login(person)
    return person


@pytest.fixture
def team(client):
    team = make_team("payments")
    client.force_login(make_person("team_admin", team))
    return team


def said(response):
    return str(list(get_messages(response.wsgi_request))[-1])


def stored(name="r", match="", *actions, now=NOW, **values):
    rule = Rule.objects.filter(name=name).first() or Rule(name=name)
    rule.match = match
    for field, value in values.items():
        setattr(rule, field, value)
    save_rule(rule, list(actions), actor=JO, now=now)
    return rule


def suppress(reason):
    return RuleAction(kind="suppress", value=reason)


def test_the_list_shows_rules_in_order_with_what_they_do(client, admin):
    rule = make_rule("second", 'a="<b>"', make_channel(), order=20, group_by=["service"])
    make_rule("first", "", ("suppress", "quiet"), order=10, stop=True, enabled=False)
    html = client.get("/admin/alerts/rule/").content.decode()
    assert html.index("first") < html.index("second")
    for text in ("notify ops", "suppress: quiet", "stop", "by service: first after 10s",
                 "a=&quot;&lt;b&gt;&quot;", "data-order"):  # fmt: skip
        assert text in html
    assert f"/rules/{rule.pk}/versions/" in html
    assert "data-order" not in client.get("/admin/alerts/rule/?q=first").content.decode()


def test_a_new_order_is_one_post(client, admin):
    a, b = make_rule("a", order=10), make_rule("b", order=20)
    answer = client.post(ORDER, {"ids": f"{b.pk},{a.pk}", "seen": f"{a.pk},{b.pk}"})
    assert (answer.status_code, answer["Location"]) == (302, "/admin/alerts/rule/")
    assert said(answer).startswith("Ordered: ")
    assert [rule.name for rule in Rule.objects.all()] == ["b", "a"]
    assert AuditEntry.objects.get().user == admin


@pytest.mark.parametrize(("way", "names"), [("up", ["a", "c", "b"]), ("down", ["a", "b", "c"])])
def test_without_a_script_a_button_moves_one_rule(client, admin, way, names):
    ids = [make_rule(name, order=number).pk for name, number in zip("abc", (1, 5, 9), strict=True)]
    seen = ",".join(map(str, ids))
    client.post(ORDER, {"seen": seen, "move": f"{ids[2]}:{way}"})
    assert [rule.name for rule in Rule.objects.all()] == names


def test_a_stale_list_is_told_and_nothing_done(client, admin):
    a, b = make_rule("a", order=10), make_rule("b", order=20)
    answer = client.post(ORDER, {"ids": f"{b.pk}", "seen": f"{b.pk}"})
    assert "Look at them again" in said(answer)
    assert [rule.pk for rule in Rule.objects.all()] == [a.pk, b.pk]


@pytest.mark.parametrize(
    "form",
    [{}, {"ids": "x", "seen": "1"}, {"seen": "1", "move": "1"}, {"seen": "1", "move": "2:up"},
     {"ids": "9" * 400, "seen": "1"}],
)  # fmt: skip
def test_nonsense_is_told(client, admin, form):
    make_rule("a")
    assert "not understood" in said(client.post(ORDER, form))


def test_a_team_admin_orders_own_rules_only(client, team):
    mine, other = make_rule("mine", order=20, team=team), make_rule("other", order=10)
    third = make_rule("third", order=30)
    html = client.get("/admin/alerts/rule/").content.decode()
    assert html.count("data-handle") == 1
    ids = f"{mine.pk},{other.pk},{third.pk}"
    seen = f"{other.pk},{mine.pk},{third.pk}"
    client.post(ORDER, {"ids": ids, "seen": seen})
    assert [rule.name for rule in Rule.objects.all()] == ["mine", "other", "third"]
    answer = client.post(ORDER, {"ids": f"{mine.pk},{third.pk},{other.pk}", "seen": ids})
    assert "only move rules of your own" in said(answer)


def test_viewers_do_not_order(client):
    rule = make_rule("a")
    client.force_login(make_person("viewer"))
    assert client.post(ORDER, {"ids": rule.pk, "seen": rule.pk}).status_code == 403
    assert "data-handle" not in client.get("/admin/alerts/rule/").content.decode()
    assert client.get(ORDER).status_code == 405


def test_versions_show_who_changed_what_when(client, admin):
    stored("r", 'a="1"', suppress("quiet"))
    rule = stored("r", 'a="2"', suppress("quiet"), suppress("loud"), now=later(hours=1))
    html = client.get(f"/rules/{rule.pk}/versions/").content.decode()
    assert "Version 2" in html
    assert "<del>a=&quot;1&quot;</del><ins>a=&quot;2&quot;</ins>" in html
    assert "<span>suppress: quiet</span><ins>suppress: loud</ins>" in html
    assert "2026-03-01 13:00:00" in html
    assert "by jo" in html


def test_a_version_shows_the_rule_as_it_was(client, admin):
    stored("r", 'a="1"', suppress("quiet"))
    rule = stored("r", 'a="2"', now=later(hours=1))
    html = client.get(f"/rules/{rule.pk}/versions/1/").content.decode()
    assert "a=&quot;1&quot;" in html
    assert "Restore this version" in html
    assert "Restore" not in client.get(f"/rules/{rule.pk}/versions/2/").content.decode()


def test_the_versions_of_a_deleted_rule_stay(client, admin):
    rule = stored("gone", 'a="1"')
    pk = rule.pk
    delete_rule(rule, actor=JO, now=NOW)
    html = client.get(f"/rules/{pk}/versions/").content.decode()
    assert "Versions of gone" in html
    assert "deleted" in html
    assert client.get(f"/rules/{pk}/versions/1/").status_code == 200
    assert client.get(f"/rules/{pk}/versions/2/").status_code == 200
    assert client.post(f"/rules/{pk}/versions/1/restore/").status_code == 404


def test_what_was_never_there_is_404(client, admin):
    rule = make_rule("unversioned")
    assert client.get(f"/rules/{rule.pk}/versions/").status_code == 200
    for path in ("/rules/999/versions/", f"/rules/{rule.pk}/versions/1/",
                 f"/rules/{'9' * 30}/versions/", f"/rules/1/versions/{'9' * 30}/"):  # fmt: skip
        assert client.get(path).status_code == 404


def test_an_old_version_is_restored_as_a_new_one(client, admin, settings):
    settings.REMEDIATIONS = ["tests.alerts.plugins.Restart"]
    channel, team = make_channel(), make_team("search")
    actions = [
        RuleAction(kind="notify", channel=channel),
        RuleAction(kind="page", team=team),
        RuleAction(kind="set", field="severity", value="high"),
        RuleAction(kind="remediate", value="restart", parameters={"a": [1]}, dry_run=False,
                   approval="none"),
        suppress("quiet"),
    ]  # fmt: skip
    rule = stored("r", 'a="1"', *actions, group_by=["service"], team=team, stop=True)
    before = PolicyVersion.objects.get().state
    channel.name = "renamed"
    channel.save()
    stored("other name", "")
    stored("r", "", group_by=[], team=None, stop=False, now=later(hours=1))
    answer = client.post(f"/rules/{rule.pk}/versions/1/restore/")
    assert said(answer) == "It is again as in version 1."
    latest = PolicyVersion.objects.filter(kind="rule", object_id=rule.pk).first()
    assert latest.number == 3
    assert latest.actor == admin.username
    after = latest.state
    assert after["actions"][0] == {"notify": "renamed"}
    after["actions"][0], before["actions"][0] = {}, {}
    after["ids"]["channels"] = before["ids"]["channels"] = {}
    assert after == before
    assert said(client.post(f"/rules/{rule.pk}/versions/3/restore/")) == "It was so already."


def test_what_is_gone_cannot_be_restored(client, admin):
    channel = make_channel()
    rule = stored("r", "", RuleAction(kind="notify", channel=channel))
    stored("r", "", now=later(hours=1))
    channel.delete()
    answer = client.post(f"/rules/{rule.pk}/versions/1/restore/")
    assert said(answer) == "The channel “ops” of that version is gone; restore it by hand."
    assert PolicyVersion.objects.count() == 2


def test_a_team_admin_restores_own_rules_to_versions_that_were_own(client, team):
    other = make_team("search")
    theirs = stored("theirs", "", team=other)
    assert client.post(f"/rules/{theirs.pk}/versions/1/restore/").status_code == 403
    stored("r", 'a="1"', team=other)
    stored("r", 'a="2"', team=team, now=later(hours=1))
    rule = stored("r", 'a="3"', team=team, now=later(hours=2))
    assert client.get(f"/rules/{rule.pk}/versions/1/").status_code == 200
    answer = client.post(f"/rules/{rule.pk}/versions/1/restore/")
    assert "search's, which you do not administer" in said(answer)
    client.post(f"/rules/{rule.pk}/versions/2/restore/")
    assert Rule.objects.get(name="r").match == 'a="2"'


def test_pages_of_rules_are_for_members(client):
    rule = stored("r")
    paths = (f"/rules/{rule.pk}/versions/", f"/rules/{rule.pk}/versions/1/")
    for path in paths:
        assert client.get(path).status_code == 302
    client.force_login(make_person(""))
    for path in paths:
        assert client.get(path).status_code == 403
