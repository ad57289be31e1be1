"""The pages of mappings: made from what came in, tried before they are saved."""

import json

import pytest

from alerts.models import Alert, Mapping, RawDelivery
from opsportal.accounts.models import AuditEntry
from tests.accounts.people import make_key, make_person, make_team
from tests.alerts.makers import make_channel, make_rule
from tests.alerts.mapping import PAYLOAD, make_mapping, status

pytestmark = pytest.mark.django_db
LIST, ADD, PREVIEW = (f"/admin/alerts/mapping/{part}" for part in ("", "add/", "preview/"))


@pytest.fixture
def key():
    return make_key("alerts:write", short=True, name="kuma")


@pytest.fixture
def admin(client):
    client.force_login(make_person("administrator"))
    return client


def post(client, key, payload=PAYLOAD):
    body = json.dumps(payload)
    return client.post(f"/hooks/generic/{key[1]}", body, content_type="application/json")


def form(**values):
    given = {
        "name": "kuma", "field_name": "/monitor/name", "field_status": "/heartbeat/status",
        "statuses": "0 = firing\n1 = resolved", "payload": json.dumps(PAYLOAD),
    }  # fmt: skip
    return given | values


def preview(client, url=PREVIEW, **values):
    answer = client.post(url, form(**values))
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_mapping_is_made_of_what_came_in_and_the_delivery_replayed(admin, key):
    assert post(admin, key).status_code == 400
    delivery = RawDelivery.objects.get()
    page = admin.get(f"/admin/alerts/rawdelivery/{delivery.pk}/change/").content.decode()
    assert f"{ADD}?delivery={delivery.pk}" in page
    opened = admin.get(f"{ADD}?delivery={delivery.pk}").context["adminform"].form
    assert (opened.initial["keys"], opened.initial["name"]) == ([str(key[0].pk)], "kuma")
    assert json.loads(opened.initial["payload"]) == PAYLOAD
    answer = admin.post(ADD, form(keys=[key[0].pk]), follow=True)
    assert "Replay what failed before" in answer.content.decode()
    mapping = Mapping.objects.get()
    assert mapping.fields == {"name": "/monitor/name", "status": "/heartbeat/status"}
    assert mapping.statuses == {"0": "firing", "1": "resolved"}
    assert AuditEntry.objects.filter(target_type="alerts.mapping", action="create").exists()
    admin.post(f"/admin/alerts/rawdelivery/{delivery.pk}/replay/")
    assert Alert.objects.get().name == "shop"


def test_a_preview_shows_the_alert_what_was_found_and_what_rules_do(admin, key):
    make_rule("shops", 'name="shop"', make_channel("payments mail"))
    answer = preview(admin, keys=[key[0].pk], labels="host = /monitor/url")
    assert answer["complaints"] == {}
    assert answer["found"]["field_name"] == "“shop”"
    assert answer["found"]["field_status"] == "0"
    assert answer["found"]["labels"] == "host: “https://shop.example.org/”"
    for words in ("map:0:", "firing", "It would tell payments mail.", ">shops</a>"):
        assert words in answer["html"]
    assert not Mapping.objects.exists()
    assert not Alert.objects.exists()


def test_a_preview_complains_at_each_field(admin):
    answer = preview(
        admin, field_name="", field_severity="a ]", statuses="0 : firing", alerts="nofunc(a)",
        condition="x" * 501, labels="a = b.", payload="{",
    )  # fmt: skip
    words = {
        "field_name": "say where", "field_severity": "column 3", "statuses": "Line 1",
        "alerts": "no function", "condition": "500", "labels": "column 3", "payload": "not valid",
    }  # fmt: skip
    for name, text in words.items():
        assert text in " ".join(answer["complaints"][name]), name


def test_what_shows_only_with_a_payload_is_told_at_its_field_too(admin):
    answer = preview(admin, field_status="/msg")
    assert "not in the table" in answer["complaints"]["field_status"][0]
    assert "would be refused" in answer["html"]
    answer = preview(admin, alerts="/nothing")
    assert answer["complaints"]["alerts"] == ["found nothing"]
    answer = preview(admin, condition="msg == 'else'")
    assert "The condition does not hold." in answer["html"]
    answer = preview(admin, payload="")
    assert "paste one" in answer["html"]


def test_a_preview_shows_the_first_alerts_of_many(admin):
    many = json.dumps([{"n": f"alert-{number}", "up": 0} for number in range(30)])
    answer = preview(admin, payload=many, alerts="@", field_name="n", field_status="up")
    assert "30 alerts, the first 20" in answer["html"]
    assert answer["html"].count("<article") == 20


def test_nothing_of_a_payload_is_html(admin):
    evil = "<img src=x onerror=alert(1)>"
    payload = json.dumps({"n": evil, "s": evil})
    answer = preview(
        admin, payload=payload, field_name="/n", field_status="/s", field_link="/n",
        field_severity="/s", field_summary="/n", statuses="* = firing", labels="a = /n",
    )  # fmt: skip
    assert "<img" not in answer["html"]
    page = admin.post(ADD, form(payload=payload, field_name="/n", _try="1"))
    assert "<img src=x" not in page.content.decode()


def test_without_javascript_the_buttons_do_the_same(admin, key):
    mapping = make_mapping(key[0])
    post(admin, key)
    post(admin, key, status(1))
    older = RawDelivery.objects.earliest("pk")
    url = f"{LIST}{mapping.pk}/change/"
    page = admin.get(url).content.decode()
    assert "resolved" in page  # the latest payload, tried at once
    tried = admin.post(url, form(keys=[key[0].pk], field_name="'Other'", _try="1"))
    assert "“Other”" in tried.content.decode()
    used = admin.post(url, form(keys=[key[0].pk], payload="", _use=str(older.pk)))
    assert "firing" in used.content.decode()
    assert "timeout of 48000ms" in used.content.decode()
    mapping.refresh_from_db()
    assert mapping.fields["name"] == "'SiteDown'"


def test_the_script_fetches_a_captured_payload(admin, key):
    post(admin, key)
    delivery = RawDelivery.objects.get()
    answer = preview(admin, payload="old", _use=str(delivery.pk))
    assert json.loads(answer["payload"]) == PAYLOAD
    for nonsense in ("999999", "x", "9" * 40, ""):
        assert preview(admin, payload="{}", _use=nonsense)["payload"] == "{}"


@pytest.mark.parametrize(
    "given", ["?delivery=999", "?delivery=x", "?key=999", "?key=%00", "?team=x"]
)
def test_nonsense_in_the_address_opens_an_empty_page(admin, given):
    assert admin.get(f"{ADD}?{given}").status_code == 200


def test_a_team_admin_maps_the_team_s_keys_and_no_others(client, key):
    team = make_team("payments")
    mine = make_key("alerts:write", name="mine", team=team)[0]
    reader = make_key("alerts:read", name="reader", team=team)[0]
    client.force_login(make_person("team_admin", team))
    page = client.get(ADD).content.decode()
    assert f"mine ({mine.prefix})" in page
    assert key[0].prefix not in page
    assert reader.prefix not in page
    refused = client.post(ADD, form(keys=[key[0].pk], team=team.pk))
    assert "not one of the available choices" in refused.content.decode()
    assert not Mapping.objects.exists()
    assert client.post(ADD, form(keys=[mine.pk], team=team.pk)).status_code == 302
    assert Mapping.objects.get().team == team


def test_a_key_that_is_not_the_team_s_is_told_at_the_keys(admin, key):
    page = admin.post(ADD, form(keys=[key[0].pk], team=make_team("payments").pk))
    assert "is not a key of the team payments" in page.content.decode()
    assert not Mapping.objects.exists()


def test_who_may_not_edit_reads_and_tries_nothing(client, key):
    mapping = make_mapping(key[0])
    changed = f"{LIST}{mapping.pk}/preview/"
    for person in (make_person("viewer"), make_person("team_admin")):
        client.force_login(person)
        page = client.get(f"{LIST}{mapping.pk}/change/").content.decode()
        assert "fields.name: &#x27;SiteDown&#x27;" in page
        assert client.post(changed, form()).status_code == 403
    client.force_login(make_person("viewer"))
    assert client.post(PREVIEW, form()).status_code == 403
    client.logout()
    assert client.post(PREVIEW, form()).status_code == 302
    client.force_login(make_person("administrator"))
    assert client.post(f"{LIST}999999/preview/", form()).status_code == 404
    assert client.get(PREVIEW).status_code in (302, 405)


def test_what_only_the_deed_finds_is_told(admin, key):
    make_mapping(key[0], name="first")
    page = admin.post(ADD, form(name="second", keys=[key[0].pk]), follow=True)
    assert "not one of the available choices" in page.content.decode()
    page = admin.post(ADD, form(name="first"))
    assert "already exists" in page.content.decode()
    assert Mapping.objects.count() == 1


def test_a_mapping_is_removed_by_the_deed(admin, key):
    mapping = make_mapping(key[0])
    admin.post(f"{LIST}{mapping.pk}/delete/", {"post": "yes"})
    assert not Mapping.objects.exists()
    assert AuditEntry.objects.filter(target_type="alerts.mapping", action="delete").exists()
    assert post(admin, key).status_code == 400
