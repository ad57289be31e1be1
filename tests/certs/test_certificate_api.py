"""The API of certificates: lists, one, files, a calendar."""

import csv
import io
from base64 import b64encode
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from certs.feed import feed_query, feed_token
from certs.models import Certificate
from tests.accounts.people import bearer, make_key, make_person
from tests.certs.inventory import make_inventory, make_many
from tests.certs.making import make_certificate
from tests.certs.pki import DAY, NOW, issue

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/certs"


@pytest.fixture
def rows(monkeypatch):
    for module in ("api.certificates", "api.plain", "views.certificates"):
        monkeypatch.setattr(f"certs.{module}.utc_now", lambda: NOW)
    return make_inventory()


@pytest.fixture
def ask(client):
    headers = bearer(make_key("certs:read")[1])

    def get(path, status=200, **params):
        answer = client.get(f"{ROOT}/{path}", params, headers=headers)
        assert answer.status_code == status, answer.content
        return answer

    return get


def test_the_list_goes_on_by_its_next(rows, ask, client):
    first = ask("certificates", limit=2).json()
    assert [row["title"] for row in first["results"]] == ["api.example.com", "bücher.example"]
    api = first["results"][0]
    assert (api["days_left"], api["owner"], api["use"]) == (10, "web", "served")
    path = urlsplit(first["next"])
    second = ask(f"certificates?{path.query}").json()
    assert [row["title"] for row in second["results"]] == ["*.shop.example.com"]
    assert second["next"] is None
    latest = ask("certificates", state="all", limit=1).json()
    assert latest["results"][0]["title"] == "Example Root"
    assert ask(f"certificates?{urlsplit(latest['next']).query}").json()["results"]


def test_what_cannot_be_meant_is_refused(rows, ask):
    for params in ({"state": "x"}, {"serial": "zz"}, {"q": "{"}, {"cursor": "x"}, {"limit": 9999}):
        assert ask("certificates", 400, **params).json()["code"] == "invalid"
    assert ask("findings", 400, kind="x").json()["errors"][0]["field"] == "kind"


def test_one_is_found_by_its_number_or_digest(rows, ask):
    shown = ask(f"certificates/{rows['api'].pk}").json()
    assert {"kind": "dns", "value": "www.api.example.com", "unicode": "www.api.example.com"} in (
        shown["names"]
    )
    assert shown["served"][0]["address"] == "192.0.2.7"
    assert shown["served"][0]["endpoint"] == "api.example.com:443"
    assert [finding["kind"] for finding in shown["findings"]] == ["expiring"]
    digest = ":".join(rows["shop"].sha256[at : at + 2].upper() for at in range(0, 64, 2))
    shop = ask(f"certificates/{digest}").json()
    assert shop["placements"][0]["locator"] == "/etc/tls/shop.pem"
    for unknown in ("x", "0", "9" * 30, "f" * 64, "²", "\u202e"):
        assert ask(f"certificates/{unknown}", 404).json()["code"] == "not_found"


def test_the_pem_is_the_certificate(rows, ask):
    assert b"BEGIN CERTIFICATE" in ask(f"certificates/{rows['api'].pk}/pem").content
    ask("certificates/999999/pem", 404)


def test_the_summary_counts(rows, ask):
    found = ask("summary").json()
    assert found["expiring"]["fortnight"] == {"served": 1, "stored": 0}
    assert found["expiring"]["expired"] == {"served": 0, "stored": 1}
    assert found["findings"] == {"expiring": 1}


def test_findings_are_open_ones_unless_said(rows, ask):
    (found,) = ask("findings").json()["results"]
    assert (found["kind"], found["subject"]) == ("expiring", "api.example.com")
    assert len(ask("findings", state="all").json()["results"]) == 2


def test_exports_have_all_that_fit_with_their_names(rows, ask, monkeypatch):
    monkeypatch.setattr("certs.api.exports._PAGE", 2)
    text = b"".join(ask("certificates.csv", state="all").streaming_content).decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert {line["title"] for line in lines} == {str(row) for row in rows.values()}
    api = next(line for line in lines if line["title"] == "api.example.com")
    assert "www.api.example.com" in api["names"].split()
    stream = b"".join(ask("certificates.jsonl").streaming_content).splitlines()
    assert msgspec.json.decode(stream[0])["title"] == "api.example.com"
    ask("certificates.csv", 400, state="x")


def test_no_cell_is_a_formula(rows, ask):
    make_certificate(issue((), common_name='=HYPERLINK("http://x")', lifetime=5 * DAY))
    text = b"".join(ask("certificates.csv", state="all").streaming_content).decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert {line["title"][0] for line in lines if "HYPERLINK" in line["title"]} == {"'"}
    for line in lines:
        assert not [cell for cell in line.values() if cell.startswith(("=", "+", "@", "\t"))]


def test_an_export_that_is_not_read_makes_room_for_the_next(rows, ask):
    for _ in range(4):
        for close in ask("certificates.csv")._resource_closers:
            close()
    assert b"".join(ask("certificates.csv").streaming_content)


def calendar_of(answer: Any) -> Any:
    assert answer["Content-Type"].startswith("text/calendar")
    calendar = Calendar.from_ical(answer.content)
    assert (calendar["version"], bool(calendar["prodid"])) == ("2.0", True)
    return calendar.walk("VEVENT")


def test_the_calendar_has_an_event_for_each_with_a_uid_that_stays(rows, ask):
    answer = ask("calendar.ics")
    events = calendar_of(answer)
    assert str(events[0]["summary"]) == "api.example.com expires"
    assert events[0]["dtstart"].dt == rows["api"].not_after
    assert events[0]["dtstamp"].dt == rows["api"].first_seen_at
    again = ask("calendar.ics")
    assert (again.content, again["ETag"]) == (answer.content, answer["ETag"])
    Certificate.objects.filter(pk=rows["api"].pk).update(environment="test", last_seen_at=NOW + DAY)
    assert calendar_of(ask("calendar.ics"))[0]["uid"] == events[0]["uid"]
    assert len({str(event["uid"]) for event in events}) == 3
    assert all(len(line) <= 75 for line in answer.content.split(b"\r\n"))


def test_the_calendar_answers_304_while_it_is_the_same(rows, client):
    headers = bearer(make_key("certs:read")[1])
    tag = client.get(f"{ROOT}/calendar.ics", headers=headers)["ETag"]
    again = client.get(f"{ROOT}/calendar.ics", headers=headers | {"If-None-Match": tag})
    assert again.status_code == 304


def test_days_and_alarms_are_as_asked(rows, ask):
    (event,) = calendar_of(ask("calendar.ics", name="api.example.com", all_day="true", alarm="7d"))
    assert event["dtstart"].params["VALUE"] == "DATE"
    (alarm,) = event.walk("VALARM")
    assert alarm["trigger"].dt == -7 * DAY
    for params in ({"alarm": "soon"}, {"all_day": "x"}, {"state": "x"}):
        ask("calendar.ics", 400, **params)


def test_a_strangers_name_breaks_no_calendar(ask):
    name = "x\r\nEND:VEVENT\r\nATTACH:http://x\x07;,\\"
    row = make_certificate(issue((), common_name=name, lifetime=9000 * DAY))
    (event,) = calendar_of(ask("calendar.ics", state="all", fingerprint=row.sha256))
    assert "attach" not in event
    assert "x0d" in str(event["summary"])


def test_calendar_programs_come_with_a_token_of_these_filters_only(rows, client):
    person = make_person("viewer")
    query = feed_query({"owner": ["web"], "q": []})
    address = f"{ROOT}/calendar.ics?{query}&person={person.pk}&token={feed_token(person, query)}"
    assert len(calendar_of(Client().get(address))) == 1
    assert Client().get(address.replace("owner=web", "owner=-")).status_code == 401
    for wrong in (address + "x", address.replace("person=", "person=9")):
        assert Client().get(wrong).status_code == 401
    client.force_login(person)
    listed = client.get("/certs/certificates/?owner=web").content.decode()
    assert feed_token(person, query) in listed
    person.set_password("another long one 77")
    person.save()
    assert Client().get(address).status_code == 401


def test_calendar_programs_may_come_with_a_password(rows):
    for scope, status in (("certs:read", 200), ("alerts:read", 403)):
        key = make_key(scope)[1]
        basic = "Basic " + b64encode(f"portal:{key}".encode()).decode()
        answer = Client().get(f"{ROOT}/calendar.ics", headers={"Authorization": basic})
        assert answer.status_code == status


def test_no_answer_takes_more_queries_for_more_rows(ask):
    paths = ("certificates?limit=500", "findings", "calendar.ics", "summary", "certificates.csv")

    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = ask(path)
            if answer.streaming:
                assert b"".join(answer.streaming_content)
        return len(queries)

    make_many(2)
    few = [count(path) for path in paths]
    make_many(5)
    assert all(many <= of_few for many, of_few in zip(map(count, paths), few, strict=True))
    assert max(few) <= 6
