"""The console: facets, order, saved views."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.facets import COUNTED, count_facets
from alerts.models import SavedView
from alerts.search import read_query
from opsportal.accounts.models import AuditEntry
from opsportal.lib.times import utc_now
from tests.accounts.people import make_person, make_team
from tests.alerts.makers import NOW, make_alert, make_channel, make_notification

pytestmark = pytest.mark.django_db


@pytest.fixture
def jo(client):
    person = make_person("responder", make_team("payments"), username="jo")
    client.force_login(person)
    return person


def facets(**params):
    return count_facets(read_query({"status": "open"} | params, now=NOW)).values


def listed(client, path) -> list[str]:
    """The names in the list, in its order."""
    text = client.get(path).text
    rows = text.split('<tr id="alert-')[1:]
    return [row.split("<b>", 1)[1].split("</b>", 1)[0] for row in rows]


class TestFacets:
    def test_each_value_is_counted_within_the_search(self):
        team = make_team("payments")
        make_alert(service="a", environment="prod", severity="high", team=team)
        make_alert(service="a", environment="test", severity="low", suppressed="quiet")
        make_alert(service="b", environment="prod", severity="high", status="acknowledged",
                   snoozed_until=NOW + timedelta(hours=1), flapping=6)  # fmt: skip
        make_alert(service="c", status="resolved", resolved_at=NOW)
        found = facets()
        assert found["service"] == {"a": 2, "b": 1}
        assert found["severity"] == {"high": 2, "low": 1}
        assert found["team"] == {"payments": 1, "-": 2}
        assert found["status"] == {"firing": 2, "acknowledged": 1}
        assert found["state"] == {"held": 1, "snoozed": 1, "flapping": 1}

    def test_a_facet_in_use_is_counted_as_if_it_were_not(self):
        make_alert(service="a", environment="prod")
        make_alert(service="b", environment="prod")
        make_alert(service="b", environment="test")
        found = facets(service="a")
        assert found["service"] == {"a": 1, "b": 2}
        assert found["environment"] == {"prod": 1}

    def test_several_values_of_a_facet_are_alternatives(self, client, jo):
        for service in "abc":
            make_alert(name=f"of-{service}", service=service)
        assert listed(client, "/alerts/?service=a&service=c") == ["of-c", "of-a"]
        make_alert(name="of-nothing", service="")
        assert listed(client, "/alerts/?service=-") == ["of-nothing"]

    def test_what_holds_alerts_back_is_a_facet_and_is_told(self, client, jo):
        make_alert(name="Quiet", suppressed="silence 3: the switch is moved")
        make_alert(name="Loud")
        assert listed(client, "/alerts/?state=held") == ["Quiet"]
        text = client.get("/alerts/").text
        assert ">silence 3: the switch is moved</span>" in text
        assert 'href="/alerts/?state=held"' in text

    def test_a_link_adds_a_value_and_takes_it_away(self, client, jo):
        make_alert(service="a")
        make_alert(service="b")
        text = client.get("/alerts/?service=a&severity=warning").text
        assert 'href="/alerts/?severity=warning&amp;service=a&amp;service=b"' in text
        assert 'href="/alerts/?severity=warning"' in text

    def test_the_work_is_bounded(self, monkeypatch):
        monkeypatch.setattr("alerts.facets.COUNTED", 3)
        for _ in range(5):
            make_alert()
        counts = count_facets(read_query({"status": "open"}, now=NOW))
        assert counts.capped
        assert counts.values["service"] == {"billing": 3}
        assert COUNTED >= 1000

    def test_it_takes_as_many_queries_for_60_alerts_as_for_3(self, client, jo):
        def price(count):
            for number in range(count):
                make_alert(service=f"s{number}", name=f"n{number}", labels={"a": str(number)})
            with CaptureQueriesContext(connection) as caught:
                client.get("/alerts/?severity=warning&service=s1&service=s2")
            return len(caught)

        few = price(3)
        assert price(57) == few <= 20

    @pytest.mark.parametrize(
        "query", ["severity=awful", "state=odd", "status=burning", "region=%00"]
    )
    def test_what_is_no_value_is_a_complaint(self, client, jo, query):
        assert client.get(f"/alerts/?{query}").status_code == 400


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (["done", "held"], ">yes</span>"),
        (["held"], ">in a group</span>"),
        (["done", "dead"], ">1 failed</span>"),
    ],
)
def test_who_was_told_is_not_said_to_wait(client, jo, states, said):
    alert = make_alert()
    for number, state in enumerate(states):
        make_notification(alert, make_channel(f"c{number}"), state=state)
    assert said in client.get("/alerts/").text


class TestOrder:
    def test_what_is_open_is_listed_worst_first(self, client, jo):
        for severity in ("low", "critical", "warning", "critical"):
            make_alert(name=f"n-{severity}", severity=severity)
        names = ["n-critical", "n-critical", "n-warning", "n-low"]
        assert listed(client, "/alerts/") == names
        newest = ["n-critical", "n-warning", "n-critical", "n-low"]
        assert listed(client, "/alerts/?order=newest") == newest
        assert listed(client, "/alerts/?status=all") == newest

    def test_pages_go_on_below_the_worst_and_back(self, client, jo):
        low = [make_alert(name=f"low{number:03}", severity="low") for number in range(60)]
        high = [make_alert(name=f"high{number:03}", severity="high") for number in range(60)]
        first = listed(client, "/alerts/")
        assert (first[0], first[59], first[60], len(first)) == ("high059", "high000", "low059", 100)
        second = listed(client, f"/alerts/?before={low[20].pk}")
        assert (second[0], second[-1], len(second)) == ("low019", "low000", 20)
        assert listed(client, f"/alerts/?after={low[19].pk}")[0] == "high059"
        assert listed(client, f"/alerts/?before={high[0].pk}")[0] == "low059"

    def test_one_that_is_gone_still_says_where_to_go_on(self, client, jo):
        alert = make_alert()
        assert listed(client, f"/alerts/?before={alert.pk + 1000}") == ["DiskFull"]


class TestViews:
    def save(self, client, **data):
        return client.post("/alerts/views/", {"name": "mine", "query": "severity=high"} | data)

    def test_a_search_is_saved_listed_and_followed(self, client, jo):
        answer = self.save(client, query="severity=high&before=7&q=disk+full")
        assert answer["Location"] == "/alerts/?severity=high&q=disk+full"
        text = client.get(answer["Location"]).text
        assert 'href="/alerts/?severity=high&amp;q=disk+full" aria-current="page">mine' in text
        entry = AuditEntry.objects.get(target_type="alerts.savedview")
        assert (entry.action, entry.actor) == ("create", "jo")

    def test_the_same_name_replaces(self, client, jo):
        self.save(client)
        self.save(client, query="severity=low")
        assert SavedView.objects.get().query == "severity=low"

    def test_it_is_renamed_and_forgotten(self, client, jo):
        self.save(client)
        view = SavedView.objects.get()
        path = f"/alerts/views/{view.pk}/"
        client.post(path, {"action": "rename", "name": " nights "})
        view.refresh_from_db()
        assert view.name == "nights"
        client.post(path, {"action": "delete"})
        assert not SavedView.objects.exists()
        actions = AuditEntry.objects.filter(target_type="alerts.savedview").order_by("id")
        assert [entry.action for entry in actions] == ["create", "change", "delete"]

    def test_a_team_s_view_is_seen_by_the_team_and_changed_by_its_responders(self, client, jo):
        team = jo.memberships.get().team
        self.save(client, team=team.pk, name="ours")
        view = SavedView.objects.get()
        assert view.team == team
        client.force_login(make_person("viewer", team))
        assert ">ours <" in client.get("/alerts/").text
        path = f"/alerts/views/{view.pk}/"
        assert client.post(path, {"action": "delete"}).status_code == 403
        assert self.save(client, team=team.pk).status_code == 403
        client.force_login(make_person("responder", make_team("search")))
        assert ">ours <" not in client.get("/alerts/").text
        assert client.post(path, {"action": "delete"}).status_code == 403

    def test_another_s_view_is_nobody_else_s(self, client, jo):
        self.save(client)
        view = SavedView.objects.get()
        client.force_login(make_person("administrator"))
        assert client.post(f"/alerts/views/{view.pk}/", {"action": "delete"}).status_code == 403
        assert "mine</a>" not in client.get("/alerts/").text

    @pytest.mark.parametrize(
        "data",
        [{"name": " "}, {"name": "x" * 200}, {"query": "q=" + "x" * 3000}, {"name": "a\0b"},
         {"query": "&".join(f"q={n}" for n in range(300)), "name": ""}],
    )  # fmt: skip
    def test_nonsense_is_answered_and_nothing_is_saved(self, client, jo, data):
        answer = self.save(client, **data)
        assert answer.status_code == 302
        assert [message.level_tag for message in get_messages(answer.wsgi_request)] == ["error"]
        assert not SavedView.objects.exists()

    def test_nobody_s_view_is_404_and_nobody_gets_in(self, client, jo):
        assert client.post("/alerts/views/4711/").status_code == 404
        assert client.get("/alerts/views/").status_code == 405
        client.logout()
        assert self.save(client)["Location"].startswith("/admin/login/")


def test_the_live_part_brings_the_facets_along(client, jo):
    now = utc_now()
    make_alert(service="billing", starts_at=now, received_at=now)
    part = client.get("/alerts/", headers={"X-Part": "live"}).text
    assert "ops-facets" in part
    assert "<html" not in part


def test_what_a_fallback_told_is_not_said_to_have_failed(client):
    client.force_login(make_person("viewer"))
    alert = make_alert(severity="critical")
    dead = make_notification(alert, make_channel("gone"), state="dead")
    assert "1 failed" in client.get("/alerts/").content.decode()
    make_notification(alert, make_channel("chat"), state="done", instead_of=dead)
    page = client.get("/alerts/").content.decode()
    assert "1 failed" not in page
    assert "1 by a fallback" in page
