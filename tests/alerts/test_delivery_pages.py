"""Raw deliveries: their pages and their API."""

import json

import pytest

from alerts.models import Alert, RawDelivery
from opsportal.accounts.models import AuditEntry
from opsportal.lib.times import utc_now
from tests.accounts.people import bearer, make_key, make_person, make_team
from tests.alerts.makers import make_alert
from tests.alerts.mapping import PAYLOAD, make_mapping

pytestmark = pytest.mark.django_db
UNKNOWN = '{"heartbeat": {"status": 9}}'
LIST, API = "/admin/alerts/rawdelivery/", "/api/v1/deliveries"


@pytest.fixture
def team():
    return make_team("payments")


@pytest.fixture
def key(team):
    return make_key("alerts:write", name="kuma", team=team)[0]


def deliver(key, verdict="failed", **values):
    given = {
        "format": "generic", "received_at": utc_now(), "path": "/hooks/generic", "size": 300,
        "body": json.dumps(PAYLOAD), "error": "No alert can be made of it." * (verdict == "failed"),
    }  # fmt: skip
    return RawDelivery.objects.create(key=key, verdict=verdict, **given | values)


def url(delivery, part="change"):
    return f"{LIST}{delivery.pk}/{part}/"


def test_the_list_is_filtered_by_verdict_and_format(client, key):
    deliver(key, error="failed <i>so</i>")
    deliver(key, "stored", format="native", error="", events=7)
    client.force_login(make_person("viewer"))
    page = client.get(LIST).content.decode()
    assert "failed &lt;i&gt;so&lt;/i&gt;" in page
    assert "300\xa0bytes" in page
    for query, count in (
        ({"verdict__exact": "failed"}, 1),
        ({"format": "native"}, 1),
        ({"key__id__in": f"{key.pk},9", "format": "generic"}, 1),
        ({"key__id__exact": key.pk}, 2),
        ({"format": "odd"}, 0),
    ):
        assert client.get(LIST, query).context["cl"].result_count == count, query
    assert client.get(LIST, {"q": key.prefix}).status_code == 200


def test_a_page_shows_all_of_it_escaped(client, key):
    alert = make_alert(name="SiteDown")
    delivery = deliver(
        key, "stored", body='{"a": "<script>x</script>", "b": [1]}', alert_ids=[alert.pk, 999],
        events=3, headers={"x-mood": "<b>good</b>"}, query="a=1&b=<i>", truncated=True,
        content_type="application/json",
    )  # fmt: skip
    client.force_login(make_person("viewer"))
    page = client.get(url(delivery)).content.decode()
    assert "&quot;a&quot;: &quot;&lt;script&gt;x&lt;/script&gt;&quot;,\n" in page
    assert alert.get_absolute_url() in page
    assert "1 of 3" in page
    assert "&lt;b&gt;good&lt;/b&gt;" in page
    assert "came in, this is the beginning" in page
    assert "<script>x" not in page
    assert "Replay" not in page


def test_a_long_body_is_cut_on_the_page_and_said_to_be(client, key):
    delivery = deliver(key, body="x" * 150_000, size=150_000)
    client.force_login(make_person("viewer"))
    page = client.get(url(delivery)).content.decode()
    assert "50000 more characters" in page
    assert len(page) < 200_000


def test_responders_of_the_key_s_team_replay(client, key, team):
    delivery = deliver(key)
    make_mapping(key)
    for person in (make_person("viewer", team), make_person("responder")):
        client.force_login(person)
        assert "Replay" not in client.get(url(delivery)).content.decode()
        assert client.post(url(delivery, "replay")).status_code == 403
    client.force_login(make_person("responder", team))
    assert "Replay" in client.get(url(delivery)).content.decode()
    answer = client.post(url(delivery, "replay"), follow=True)
    assert "Taken in: stored." in answer.content.decode()
    assert Alert.objects.get().team == team
    assert AuditEntry.objects.filter(action="replay").exists()
    answer = client.post(url(delivery, "replay"), follow=True)
    assert "cannot be replayed: its verdict is stored" in answer.content.decode()


def test_what_still_cannot_be_understood_says_so(client, key):
    delivery = deliver(key)
    client.force_login(make_person("administrator"))
    answer = client.post(url(delivery, "replay"), follow=True)
    assert "There is no mapping for this key yet" in answer.content.decode()
    assert client.post(f"{LIST}999999/replay/").status_code == 404
    assert client.get(url(delivery, "replay")).status_code == 405


def test_many_are_replayed_at_once(client, key, team):
    make_mapping(key)
    good, bad = deliver(key), deliver(key, body=UNKNOWN)
    foreign = deliver(make_key("alerts:write", team=make_team())[0])
    done = deliver(key, "stored")
    client.force_login(make_person("responder", team))
    ids = [row.pk for row in (good, bad, foreign, done)]
    answer = client.post(LIST, {"action": "replay", "_selected_action": ids}, follow=True)
    text = answer.content.decode()
    assert "1 taken in, 2 not: No alert can be made of it" in text
    assert "1 are of teams you do not respond for" in text
    assert Alert.objects.count() == 1


def ask(client, path, *scopes, method="get", **options):
    text = make_key(*scopes, **options)[1]
    return getattr(client, method)(API + path, headers=bearer(text))


def test_machines_list_and_read_them(client, key):
    stored, failed = deliver(key, "stored", alert_ids=[7]), deliver(key)
    answer = ask(client, "", "config:read").json()
    assert [row["id"] for row in answer["results"]] == [failed.pk, stored.pk]
    assert "body" not in answer["results"][0]
    assert answer["results"][1]["alert_ids"] == [7]
    detail = ask(client, f"/{failed.pk}", "config:read").json()
    assert json.loads(detail["body"]) == PAYLOAD
    assert (detail["key"], detail["verdict"]) == (key.prefix, "failed")


def test_machines_filter_and_page(client, key):
    other = make_key("alerts:write")[0]
    rows = [deliver(key), deliver(other), deliver(key, "stored", format="native")]

    def ids(query):
        return [row["id"] for row in ask(client, query, "config:read").json()["results"]]

    assert ids("?verdict=failed") == [rows[1].pk, rows[0].pk]
    assert ids("?format=native") == [rows[2].pk]
    assert ids(f"?key={other.prefix}") == [rows[1].pk]
    assert ids("?key=nobody") == ids("?key=%00") == []
    page = ask(client, "?limit=2", "config:read").json()
    assert page["next"]
    for query, field in (("?verdict=odd", "verdict"), ("?format=odd", "format")):
        answer = ask(client, query, "config:read")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == field


def test_machines_replay_what_is_theirs(client, key, team):
    make_mapping(key)
    delivery, broken = deliver(key), deliver(key, body=UNKNOWN)
    path = f"/{delivery.pk}/replay"
    foreign = ask(client, path, "alerts:respond", method="post", team=make_team())
    assert foreign.status_code == 403
    answer = ask(client, path, "alerts:respond", method="post", team=team)
    assert (answer.status_code, answer.json()["verdict"]) == (200, "stored")
    assert answer.json()["alert_ids"] == [Alert.objects.get().pk]
    assert ask(client, path, "alerts:respond", method="post").status_code == 409
    answer = ask(client, f"/{broken.pk}/replay", "alerts:respond", method="post")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert ask(client, "/x/replay", "alerts:respond", method="post").status_code == 404
    assert ask(client, f"/{'9' * 30}", "config:read").status_code == 404
