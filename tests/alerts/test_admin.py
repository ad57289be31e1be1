"""Rules, channels and dead letters in the admin: each write is a deed with its trail."""

import pytest
from django.contrib.messages import get_messages

from alerts.models import Channel, Rule, RuleAction
from chronos.models import ChangeEvent
from opsportal.accounts.models import AuditEntry
from tests.accounts.people import make_person
from tests.alerts.makers import make_alert, make_channel, make_notification, make_rule
from tests.alerts.receivers import Reply, http_server

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    person = make_person("administrator")
    client.force_login(person)
    return person


def rule_form(*actions: dict[str, object], **more: object) -> dict[str, object]:
    form = {
        "name": "page", "match": '{severity="critical"}', "order": "10", "enabled": "on",
        "actions-TOTAL_FORMS": len(actions), "actions-INITIAL_FORMS": 0,
        "actions-MIN_NUM_FORMS": 0, "actions-MAX_NUM_FORMS": 1000,
    }  # fmt: skip
    for number, action in enumerate(actions):
        form |= {f"actions-{number}-{name}": value for name, value in action.items()}
    return form | more


def test_a_rule_is_saved_with_its_actions_and_a_trail(client, admin):
    channel = make_channel()
    actions = [
        {"kind": "set", "field": "severity", "value": "high"},
        {"kind": "notify", "channel": channel.pk, "value": "left over"},
    ]
    response = client.post("/admin/alerts/rule/add/", rule_form(*actions))
    assert response.status_code == 302
    rule = Rule.objects.get()
    assert [str(action) for action in rule.actions.all()] == ["set severity high", "notify ops"]
    assert AuditEntry.objects.get(action="create").user == admin
    assert ChangeEvent.objects.get().what == "rule.created"


def test_actions_can_be_changed_and_taken_away(client, admin):
    rule = make_rule("page", "", ("suppress", "quiet"), ("set", "severity", "low"))
    first, second = rule.actions.all()
    actions = [
        {"id": first.pk, "rule": rule.pk, "kind": "suppress", "value": "loud", "DELETE": ""},
        {"id": second.pk, "rule": rule.pk, "kind": "set", "field": "severity", "value": "low",
         "DELETE": "on"},
    ]  # fmt: skip
    form = rule_form(*actions, **{"actions-INITIAL_FORMS": 2, "match": ""})
    assert client.post(f"/admin/alerts/rule/{rule.pk}/change/", form).status_code == 302
    assert [action.value for action in RuleAction.objects.all()] == ["loud"]


@pytest.mark.parametrize(
    ("action", "more", "complaint"),
    [
        ({"kind": "suppress", "value": "x"}, {"match": '{severity="x'}, "column"),
        ({"kind": "notify"}, {}, "notify needs a channel"),
        ({"kind": "suppress"}, {}, "suppress needs a reason"),
        ({"kind": "set", "field": "severity", "value": "awful"}, {}, "the severity is one of"),
        ({"kind": "suppress", "value": "x"}, {"name": ""}, "required"),
    ],
)
def test_a_rule_that_makes_no_sense_is_told_why_and_not_saved(
    client, admin, action, more, complaint
):
    response = client.post("/admin/alerts/rule/add/", rule_form(action, **more))
    assert response.status_code == 200
    assert complaint in response.text
    assert not Rule.objects.exists()


def test_a_rule_is_deleted_with_a_trail(client, admin):
    rule = make_rule("page")
    client.post(f"/admin/alerts/rule/{rule.pk}/delete/", {"post": "yes"})
    assert not Rule.objects.exists()
    assert AuditEntry.objects.get(action="delete").target == "page"


def test_a_new_channel_asks_for_its_kind_first(client, admin):
    text = client.get("/admin/alerts/channel/add/").text
    assert "?kind=webhook" in text
    assert "setting_url" in client.get("/admin/alerts/channel/add/?kind=webhook").text
    assert client.get("/admin/alerts/channel/add/?kind=nonsense").status_code == 200


def test_secrets_are_written_but_never_shown(client, admin):
    form = {"name": "hook", "setting_url": "https://x.example/a", "setting_secret": "s3cr3t"}
    client.post("/admin/alerts/channel/add/?kind=webhook", form | {"enabled": "on"})
    channel = Channel.objects.get()
    assert channel.settings == {"url": "https://x.example/a", "secret": "s3cr3t"}
    page = f"/admin/alerts/channel/{channel.pk}/change/"
    assert "s3cr3t" not in client.get(page).text

    client.post(page, form | {"name": "hook 2", "setting_secret": ""})
    channel.refresh_from_db()
    assert (channel.name, channel.settings["secret"]) == ("hook 2", "s3cr3t")
    client.post(page, form | {"setting_secret": "", "clear_secret": "on"})
    channel.refresh_from_db()
    assert "secret" not in channel.settings
    assert "s3cr3t" not in str(list(AuditEntry.objects.values_list("before", "after")))


def test_a_setting_that_is_wrong_is_told_at_its_field(client, admin):
    form = {"name": "hook", "setting_url": "ftp://x"}
    response = client.post("/admin/alerts/channel/add/?kind=webhook", form)
    assert response.status_code == 200
    assert "setting_url" in response.context["adminform"].form.errors
    assert not Channel.objects.exists()


def test_viewers_see_no_address_and_no_button(client):
    client.force_login(make_person("viewer"))
    channel = make_channel(
        kind="webhook", settings={"url": "https://x.example/token", "secret": "s3cr3t"}
    )
    text = client.get(f"/admin/alerts/channel/{channel.pk}/change/").text
    assert "token" not in text.replace("csrfmiddlewaretoken", "")
    assert "s3cr3t" not in text
    assert "Send a test" not in text
    assert client.post(f"/admin/alerts/channel/{channel.pk}/test/").status_code == 403


def test_the_test_button_shows_the_real_answer(client, admin):
    with http_server() as receiver:
        receiver.reply = lambda request: Reply(202, b"taken <b>gladly</b>")
        channel = make_channel(kind="webhook", settings={"url": receiver.url})
        response = client.post(f"/admin/alerts/channel/{channel.pk}/test/")
        assert client.get(f"/admin/alerts/channel/{channel.pk}/test/").status_code == 302
        assert len(receiver.requests) == 1
    assert "Handed over" in response.text
    assert "202" in response.text
    assert "taken &lt;b&gt;gladly" in response.text


def test_the_test_button_shows_what_went_wrong(client, admin, settings):
    settings.OUTBOUND_ALLOW = []
    channel = make_channel(kind="webhook", settings={"url": "http://127.0.0.1:9/"})
    response = client.post(f"/admin/alerts/channel/{channel.pk}/test/")
    assert response.status_code == 200
    assert "Not delivered" in response.text


def test_a_channel_in_use_is_not_deleted_and_the_answer_says_by_what(client, admin):
    used, told, free = make_channel("used"), make_channel("told"), make_channel("free")
    make_rule("page me", "", used)
    make_notification(make_alert(), told)
    for channel, message in [(used, "page me"), (told, "Disable it"), (free, "deleted")]:
        url = f"/admin/alerts/channel/{channel.pk}/delete/"
        response = client.post(url, {"post": "yes"})
        assert message in [str(m) for m in get_messages(response.wsgi_request)][-1]
    assert set(Channel.objects.all()) == {used, told}


def test_dead_letters_are_replayed_and_others_left_alone(client):
    client.force_login(make_person("responder"))
    dead = make_notification(make_alert(), make_channel(), state="dead", attempts=9)
    done = make_notification(make_alert(), make_channel("b"), state="done")
    chosen = {"action": "replay", "_selected_action": [dead.pk, done.pk]}
    response = client.post("/admin/alerts/notification/", chosen)
    assert [str(m) for m in get_messages(response.wsgi_request)] == [
        "1 will be tried again, 1 were not dead."
    ]
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == ("due", 0)


def test_a_dead_letter_has_a_button_on_its_page_and_times_are_to_the_second(client):
    client.force_login(make_person("responder"))
    dead = make_notification(make_alert(), make_channel(), state="dead")
    page = client.get(f"/admin/alerts/notification/{dead.pk}/change/").text
    assert f'name="_selected_action" value="{dead.pk}"' in page
    assert "2026-03-01 12:00:00" in page
    done = make_notification(make_alert(), make_channel("b"), state="done")
    assert ">Replay<" not in client.get(f"/admin/alerts/notification/{done.pk}/change/").text


def test_viewers_replay_nothing(client):
    client.force_login(make_person("viewer"))
    dead = make_notification(make_alert(), make_channel(), state="dead")
    chosen = {"action": "replay", "_selected_action": [dead.pk]}
    client.post("/admin/alerts/notification/", chosen)
    dead.refresh_from_db()
    assert dead.state == "dead"
