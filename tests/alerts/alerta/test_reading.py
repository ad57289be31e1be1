"""Lists of alerts: filters, queries, orders, pages, counts, histories."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.alerts.alerta.client import CORRELATE, ERROR

pytestmark = pytest.mark.django_db
# Query -> resources that are found.
FOUND = {
    "": "db1 db2 web1 web2",
    "severity=critical": "web1",
    "severity=critical&severity=minor": "web1 web2",
    "severity!=critical": "db1 db2 web2",
    "severity!=critical&severity!=ok": "db2 web2",
    "resource=~WEB": "web1 web2",
    "resource!=~web": "db1 db2",
    "resource=~web&resource=~db1": "db1 web1 web2",
    "status=ack": "db2",
    "status=open&status=closed": "db1 web1 web2",
    "service=Db": "web1",
    "service=db": "",
    "tag=x": "db2 web1",
    "tags=os:linux": "web1",
    "correlate=node_up": "web1",
    "environment=Development": "db1",
    "group=OS": "web1",
    "customer=acme": "web1",
    "value=99": "web1",
    "attributes.region=eu-west": "web1",
    "attributes.region=~west": "web1",
    "duplicateCount=1": "db1",
    "repeat=true": "db1",
    "timeout=7": "web2",
    "trendIndication=lessSevere": "db1",
    "previousSeverity=indeterminate&severity=major": "db2",
    "from-date=2000-01-01T00:00:00.000Z": "db1 db2 web1 web2",
    "to-date=2000-01-01T00:00:00.000Z": "",
    "id=00000000": "",
    "q=severity:critical": "web1",
    'q=severity:"critical"': "web1",
    "q=disk": "web1 web2",
    'q="disk is full"': "web1",
    "q=text:full*": "web1 web2",
    "q=resource:/^web[12]$/": "web1 web2",
    "q=resource:web? AND NOT severity:minor": "web1",
    "q=severity:(minor OR major)": "db2 web2",
    "q=severity:minor severity:major": "db2 web2",
    "q=resource:db NOT resource:db1": "db2",
    "q=status:ack": "db2",
    "q=status:/a.k/": "db2",
    "q=tags:x": "db2 web1",
    "q=service:Web": "web1",
    "q=_exists_:region": "web1",
    "q=_.region:EU": "web1",
    "q=attributes.region:eu*": "web1",
    "q=duplicateCount:>=1": "db1",
    "q=duplicate_count:[1 TO *]": "db1",
    "q=lastReceiveTime:>2020-01-01": "db1 db2 web1 web2",
    "q=value:[90 TO 99]": "web1",
    "q=web1&q.df=resource": "web1",
}


class TestReading:
    @pytest.fixture
    def four(self, alerta):
        alerta.post(
            event="node_down", severity="critical", text="Disk is FULL", tags=["os:linux", "x"],
            service=["Web", "Db"], attributes={"region": "eu-west", "n": 7}, value="99",
            correlate=CORRELATE, group="OS", customer="acme",
        )  # fmt: skip
        alerta.post(resource="web2", severity="minor", text="disk is fullest", timeout=7)
        alerta.post(resource="db1", severity="ok", environment="Development", origin="o")
        alerta.post(resource="db1", severity="ok", environment="Development", origin="o")
        number = alerta.post(resource="db2", severity="major", tags=["x"])["id"]
        alerta.act(number, "ack")
        return alerta

    def found(self, alerta, query):
        alerts = alerta.ask("get", f"/alerts?{query}")["alerts"]
        return sorted(alert["resource"] for alert in alerts)

    def test_filters(self, four):
        found = {query: self.found(four, query) for query in FOUND}
        assert found == {query: resources.split() for query, resources in FOUND.items()}

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("foo=bar", "Invalid filter parameter: foo"),
            ("sort-by=foo", "Sorting by 'foo' field not supported."),
            ("q=(", "Failed to parse query string."),
            ("q=foo:bar", "there is no field 'foo'"),
            ("q=/(/", "is not an RE2 pattern"),
            ("q=tags:x*", "tags is looked up by whole words"),
            ("duplicateCount=x", "duplicateCount is a number"),
            ("from-date=yesterday", "dates must be ISO 8601"),
            ("createTime=x", "dates must be ISO 8601"),
            ("severity=%00", "NUL is in no text here"),
            ("severity=" + "x" * 600, "asks for too much"),
        ],
    )
    def test_what_cannot_be_asked_is_400(self, alerta, query, message):
        answer = alerta.ask("get", f"/alerts?{query}", expect=400)
        assert message in answer["message"]
        assert set(answer) == ERROR

    @pytest.mark.parametrize("name", ["id", "resource", "tags", "timeout", "event!"])
    def test_as_many_values_as_may_be_asked_for_are_no_burden(self, alerta, name):
        values = [f"{number:08}" for number in range(299)]
        assert alerta.get("/alerts", **{name: values})["alerts"] == []
        answer = alerta.ask("get", "/alerts", expect=400, **{name: [*values, "0", "1"]})
        assert "ask in parts" in answer["message"]

    def test_orders(self, four):
        def order(sort):
            return [a["resource"] for a in four.get("/alerts", sort_by=sort)["alerts"]]

        assert order("severity") == ["web1", "db2", "web2", "db1"]
        assert order("-severity") == ["db1", "web2", "db2", "web1"]
        assert order("resource") == ["db1", "db2", "web1", "web2"]
        assert order("status")[2:] == ["db2", "db1"]
        assert order("lastReceiveTime") == ["db2", "db1", "web2", "web1"]
        assert order("")[0] == "db2"
        assert order("attributes.region")
        assert order("-lastReceiveTime") == ["web1", "web2", "db1", "db2"]

    def test_pages(self, four):
        page = four.get("/alerts", page=2, page_size=3)
        assert (len(page["alerts"]), page["page"], page["pages"]) == (1, 2, 2)
        assert (page["total"], page["more"], page["pageSize"]) == (4, False, 3)
        answer = four.ask("get", "/alerts?page=3&page-size=3", expect=416)
        assert answer["message"] == "page out of range: 1-2"
        assert len(four.get("/alerts", limit=2)["alerts"]) == 2
        assert four.get("/alerts", page="x", page_size="-1")["pageSize"] == 1

    def test_a_list_has_counts_and_no_more_than_was_asked_for(self, four):
        answer = four.get("/alerts")
        assert answer["severityCounts"] == {"critical": 1, "major": 1, "minor": 1, "ok": 1}
        assert answer["statusCounts"] == {"ack": 1, "closed": 1, "open": 2}
        assert answer["autoRefresh"] is True
        assert answer["lastTime"] == max(a["lastReceiveTime"] for a in answer["alerts"])
        assert [alert["history"] for alert in answer["alerts"]] == [[]] * 4
        later = four.get("/alerts", from_date=answer["lastTime"])
        assert (later["alerts"], later["message"], later["total"]) == ([], "not found", 0)

    def test_counts_and_names(self, four):
        assert four.get("/alerts/count", q="severity:critical")["total"] == 1
        environments = four.get("/environments")["environments"]
        assert [(e["environment"], e["count"]) for e in environments] == [
            ("Development", 1), ("Production", 3),
        ]  # fmt: skip
        services = {s["service"]: s for s in four.get("/services")["services"]}
        assert services["Web"]["severityCounts"] == {"critical": 1}
        assert four.get("/alerts/groups")["groups"][-1] == {
            "environment": "Production", "group": "OS", "count": 1,
        }  # fmt: skip
        tags = {tag["tag"]: tag["count"] for tag in four.get("/alerts/tags")["tags"]}
        assert tags == {"x": 2, "os:linux": 1}

    def test_history_is_of_all_the_latest_first(self, four):
        rows = four.get("/alerts/history")["history"]
        assert [(row["resource"], row["type"]) for row in rows[:2]] == [
            ("db2", "ack"), ("db2", "new"),
        ]  # fmt: skip
        assert len(rows) == 5
        assert len(four.get("/alerts/history", page_size=2)["history"]) == 2
        of_one = four.get("/alerts/history", resource="web1")["history"]
        assert [row["value"] for row in of_one] == ["99"]
        four.ask("get", "/alerts/history?page=1000&page-size=1000", expect=400)

    def test_no_list_asks_more_for_more_rows(self, alerta):
        paths = [
            "/alerts?show-history=1", "/alerts/history", "/alerts/count", "/environments",
            "/services", "/alerts/groups", "/alerts/tags", "/heartbeats", "/blackouts",
        ]  # fmt: skip
        counts = []
        for number in (1, 6):
            for row in range(number):
                alert = alerta.post(resource=f"r{number}-{row}", tags=["x"])
                alerta.act(alert["id"], "ack")
                alerta.ask("post", "/heartbeat", {"origin": f"o{number}-{row}"}, 201)
                body = {"environment": f"e{number}-{row}"}
                alerta.ask("post", "/blackout", body, 201)
            asked = []
            for path in paths:
                with CaptureQueriesContext(connection) as queries:
                    alerta.get(path)
                asked.append(len(queries))
            counts.append(asked)
        assert counts[0] == counts[1]
