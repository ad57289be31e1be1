"""Certificates for names of ours that nobody here knows: told once, and quiet when known."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certs.change import save_source
from certs.discover import plan_runs, run_source, take_in
from certs.discover.stored import Stored
from certs.hear import hear_entries
from certs.judge.certificates import judge_certificates
from certs.judge.transparency import GRACE, load_hearsay
from certs.models import Certificate, Domain, Finding, Placement, Source, SourceRun
from certs.tasks import SourceRunOutbox
from certs.vouch import vouch_for
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import PayloadError
from opsportal.lib.outbox import claim_due
from tests.accounts.people import bearer, make_key, make_team
from tests.certs.logs import Log, Logged, logged_before_issue
from tests.certs.making import (
    make_certificate,
    make_endpoint,
    make_observation,
    make_placement,
    make_source,
)
from tests.certs.pki import NOW, intermediate, later, new_key
from tests.certs.standing_in import standing_in

pytestmark = pytest.mark.django_db(transaction=True)
CA = intermediate()
AFTER = NOW + GRACE
PRE, FINAL = logged_before_issue(CA, "shop.ours.test", "www.ours.test")


@pytest.fixture(autouse=True)
def domain() -> None:
    Domain.objects.create(name="ours.test")


def entry(logged: Logged, index: int = 0) -> dict[str, Any]:
    return {"index": index, **logged.as_json()}


def hear(*logged: Logged, now: Any = NOW) -> Any:
    entries = [entry(each, number) for number, each in enumerate(logged)]
    return hear_entries("log.test/2026", entries, now=now)


def judged(now: Any = AFTER) -> list[Finding]:
    """What is open of this kind once all are judged."""
    Certificate.objects.update(judge_at=now)
    judge_certificates(now=now)
    return list(Finding.objects.filter(kind="unknown_in_ct", closed_at=None))


def test_what_only_a_log_knows_is_told_after_the_grace():
    assert hear(PRE).kept == 1
    row = Certificate.objects.get()
    assert row.use == "known"
    assert judged(AFTER - timedelta(seconds=1)) == []
    row.refresh_from_db()
    assert row.judge_at == AFTER
    judge_certificates(now=AFTER)
    (finding,) = Finding.objects.all()
    assert (finding.kind, finding.severity) == ("unknown_in_ct", "high")
    for word in ("Acme Test CA 1", "shop.ours.test, www.ours.test", "entry 0 of log.test/2026"):
        assert word in finding.summary
    assert finding.facts["serial"] == row.serial
    row.refresh_from_db()
    assert row.judge_at is None
    assert judged(row.not_after) == []


def test_a_precertificate_and_its_certificate_are_told_once():
    hear(PRE, Logged(FINAL))
    assert Certificate.objects.count() == 2
    assert len(judged()) == 1


@pytest.mark.parametrize("how", ["served", "stored", "stored once", "same key", "vouched"])
def test_what_is_known_is_quiet(how):
    hear(PRE)
    renewed = CA.issue("shop.ours.test", key=FINAL.key)
    source = make_source()
    if how == "served":
        make_observation(make_endpoint(), FINAL)
    elif how == "same key":
        make_placement(renewed, source)
    elif how == "vouched":
        row = Certificate.objects.get()
        assert vouch_for(row, actor=COMMAND_LINE, now=NOW)
        assert not vouch_for(row, actor=COMMAND_LINE, now=later(hours=1))
        assert AuditEntry.objects.filter(action="vouch").count() == 1
    else:
        make_placement(FINAL, source)
    if how == "stored once":
        Placement.objects.filter(source=source).update(gone_at=NOW)
    assert judged() == []


def test_what_turns_up_later_closes_it():
    hear(PRE)
    assert len(judged()) == 1
    make_placement(FINAL, make_source(), now=later(days=2))
    judge_certificates(now=later(days=2))
    finding = Finding.objects.get(kind="unknown_in_ct")
    assert (finding.closed_at, finding.closed_reason) == (later(days=2), "known")


def test_a_retired_one_is_quiet():
    hear(PRE)
    Certificate.objects.update(retired_at=NOW)
    assert judged() == []


def test_the_judge_takes_as_many_queries_for_many_as_for_one():
    def cost(number: int) -> int:
        hear(*[Logged(CA.issue("a.ours.test", key=new_key())) for _ in range(number)])
        rows = list(Certificate.objects.defer("der"))
        with CaptureQueriesContext(connection) as caught:
            load_hearsay(rows)
        return len(caught)

    assert cost(1) == cost(20) == 4
    plain = [make_certificate(CA.issue("b.test"))]
    with CaptureQueriesContext(connection) as caught:
        load_hearsay(plain)
    assert len(caught) == 1


def test_a_log_is_read_to_its_end_by_the_engine():
    log = Log([PRE, Logged(CA.issue("www.theirs.test"))])
    with standing_in(log) as server:
        source = Source(name="log", kind="ct-log")
        given = {"url": server.url, "start": 0, "key": log.public}
        save_source(source, given, actor=COMMAND_LINE, now=NOW)
        for hour, found in ((0, 1), (1, 0)):
            Source.objects.update(next_at=later(hours=hour))
            plan_runs(now=later(hours=hour))
            (run,) = claim_due(SourceRunOutbox(), later(hours=hour), 1)
            run_source(run, clock=lambda hour=hour: later(hours=hour))
            done = SourceRun.objects.get(pk=run.pk)
            assert (done.outcome, done.found, done.gone) == ("complete", found, 0)
    source.refresh_from_db()
    assert source.cursor["next"] == 2
    assert Placement.objects.get(gone_at=None).locator.endswith("/0")


def test_a_post_keeps_what_is_ours_and_says_so(client):
    key = create_key("monitor", ["certs:write"], actor=COMMAND_LINE, now=NOW)[1]
    leaf = CA.issue("api.ours.test")
    entries = [
        entry(PRE, 7), entry(Logged(CA.issue("x.theirs.test")), 8),
        {"index": 9, "certificate": leaf.pem.decode()},
    ]  # fmt: skip

    def post(body: Any) -> Any:
        headers = {"Authorization": f"Bearer {key}"}
        path = "/api/v1/certs/ct"
        return client.post(path, body, content_type="application/json", headers=headers)

    answer = post({"log": "log.test", "entries": entries})
    assert answer.json() == {"kept": 2, "new": 2, "ignored": 1}
    assert post({"log": "log.test", "entries": entries}).json()["new"] == 0
    assert {row.locator for row in Placement.objects.all()} == {"log.test/7", "log.test/9"}
    broken = {"index": 1, "leaf_input": "AAAA", "extra_data": ""}
    answer = post({"log": "log.test", "entries": [entry(Logged(leaf), 10), broken]})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "entries.1"
    assert Placement.objects.count() == 2
    row = Certificate.objects.get(sha256=leaf.parsed.sha256)
    headers = {"Authorization": f"Bearer {key}"}
    path = f"/api/v1/certs/certificates/{row.pk}/vouch"
    Certificate.objects.filter(pk=row.pk).update(team=make_team())
    others = bearer(make_key("certs:write", team=make_team())[1])
    assert client.post(path, headers=others).status_code == 403
    vouched = client.post(path, headers=headers)
    assert vouched.json()["vouched_by"] == "key monitor"


@pytest.mark.parametrize(
    "given",
    [{}, {"index": 0}, {"index": -1, "certificate": "AAAA"}, {"index": True, "certificate": "AA=="},
     {"index": 0, "certificate": "\0"}, {"index": 0, "certificate": 7},
     {"index": 0, "leaf_input": None}, {"index": 0, "leaf_input": "AAAA" * 99, "extra_data": []},
     {"index": 0, "certificate": "-----BEGIN CERTIFICATE-----"}],
)  # fmt: skip
def test_a_broken_entry_is_told_by_its_place(given):
    with pytest.raises(PayloadError) as caught:
        hear_entries("log", [given], now=NOW)
    assert caught.value.errors[0].field == "entries.0"
    assert not Source.objects.exists()


def test_two_posts_at_once_have_one_source():
    hear(PRE)
    hear(PRE)
    stored = Stored()
    take_in(Source.objects.get(), iter([]), stored, clock=lambda: NOW)
    assert (Source.objects.count(), Placement.objects.count()) == (1, 1)
