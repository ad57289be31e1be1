"""Changes leave as CSV and JSON Lines, however many."""

import csv
import gc
import json
from datetime import timedelta

import pytest

from chronos.api import export
from chronos.models import ChangeEvent
from chronos.normalise import Change
from chronos.record import record_changes
from chronos.search import EventQuery
from opsportal.lib.api import files
from opsportal.lib.times import utc_now

NOW = utc_now().replace(microsecond=0)


@pytest.fixture
def _changes(api, monkeypatch):
    monkeypatch.setattr(export, "PAGE", 7)
    monkeypatch.setattr(files, "_PIECE", 3)
    record_changes(
        [
            Change("note", f"=cmd|{n}", "+bo", NOW - timedelta(minutes=n), tags=("a", "b"))
            for n in range(20)
        ],
        now=NOW,
    )


def body(answer):
    return b"".join(answer.streaming_content).decode()


@pytest.mark.usefixtures("_changes")
def test_csv_holds_all_and_no_formula(api):
    answer = api.stream(".csv", kind="note")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(body(answer).splitlines()))
    assert [row["title"] for row in rows] == [f"'=cmd|{n}" for n in range(20)]
    assert (rows[0]["actor"], rows[0]["tags"], rows[0]["before"]) == ("'+bo", '["a","b"]', "")
    assert set(rows[0]) == set(api.get(f"/{ChangeEvent.objects.first().pk}")[1])


@pytest.mark.usefixtures("_changes")
def test_json_lines_are_what_the_list_answers(api):
    answer = api.stream(".jsonl", since="10m")
    rows = [json.loads(line) for line in body(answer).splitlines()]
    assert rows == api.get("", since="10m")[1]["results"]
    assert "90 days" in api.stream(".jsonl", text="cmd")["X-Note"]


@pytest.mark.usefixtures("_changes")
def test_it_is_read_page_by_page_while_it_is_sent(api, django_assert_num_queries):
    answer = api.stream(".jsonl")
    with django_assert_num_queries(2):
        body(answer)


def test_a_bad_filter_is_told_before_anything_is_sent(api):
    for form in ("csv", "jsonl"):
        answer = api.stream(f".{form}", since="whenever", headers={"Accept": "text/csv"})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.usefixtures("_changes")
def test_no_more_than_a_few_run_at_once_and_an_ended_one_makes_room(api):
    gc.collect()  # what another test has not read to its end

    def export_all():
        return files.write_pieces("csv", export.COLUMNS, export.export_events(EventQuery()))

    running = [export_all() for _ in range(files.MOST_AT_ONCE)]
    refused = api.stream(".csv")
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    running.pop().close()  # its reader went away
    assert body(api.stream(".csv"))
    running.append(export_all())
    for pieces in running:
        assert b"".join(pieces).count(b"\n") == 21
    assert body(api.stream(".csv"))
