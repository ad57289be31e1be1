"""Pages of configurations and their history show what there is, in a fixed number of statements."""

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from opsportal.accounts.models import AuditEntry
from security.models import (
    ApiActivity,
    Comment,
    ConfigRevision,
    Finding,
    Relation,
    Review,
    RevisionCause,
)
from tests.accounts.people import make_person
from tests.alerts.makers import make_alert
from tests.security.collecting import NOW, later, make_account
from tests.security.revising import group_of, make_resource, revise, rule

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(client):
    client.force_login(make_person("responder"))
    return client


@pytest.fixture
def group():
    """sg-1, opened by ann, found to be bad, and closed again."""
    account = make_account()
    resource = make_resource(account, "sg-1", group_of(rule()), tags={"service": "shop"})
    opened = revise(
        resource, group_of(rule(), rule("0.0.0.0/0", "temp")), at=later(hours=1), actor="ann",
        attribution="exact", score_change=9,
    )  # fmt: skip
    closed = revise(resource, group_of(rule()), at=later(hours=2), attribution="none")
    call = ApiActivity.objects.create(
        event_id="e1", account=account, region="eu-west-1", at=later(hours=1),
        received_at=later(hours=1), service="ec2", action="AuthorizeSecurityGroupIngress",
        actor="ann", user_agent="Terraform/1.9", source_address="198.51.100.7", mfa=False,
    )  # fmt: skip
    RevisionCause.objects.create(revision=opened, activity=call, confidence="exact")
    Finding.objects.create(
        resource=resource, check_id="SG-02", fingerprint="f", status="fixed", score=9,
        summary="SSH is open to the world", first_seen_at=NOW, opened_at=NOW, seen_at=NOW,
        account=account, technology=resource.technology, introduced_by=opened, fixed_by=closed,
    )  # fmt: skip
    return resource


def text_of(page):
    assert page.status_code == 200, page.content
    return page.content.decode()


def statements(client, path):
    with CaptureQueriesContext(connection) as queries:
        text_of(client.get(path))
    return [query["sql"] for query in queries]


def test_the_feed_tells_each_change_in_its_words(person, group):
    text = text_of(person.get("/security/"))
    assert "+ in tcp 22 ipv4 0.0.0.0/0 &quot;temp&quot;" in text
    assert "unannounced" in text
    assert "ann" in text


@pytest.mark.parametrize(
    ("params", "numbers"),
    [
        ({}, [3, 2, 1]),
        ({"actor": "ann"}, [2]),
        ({"attribution": "none"}, [3]),
        ({"score": "worse"}, [2]),
        ({"score": "better"}, []),
        ({"kind": "created,changed", "since": "2026-01-01"}, [3, 2, 1]),
        ({"account": "000000000000"}, []),
        ({"technology": "aws.ec2.securitygroup", "until": "2026-03-02T13:30Z"}, [2, 1]),
        ({"change_class": "cosmetic"}, []),
        ({"reviewed": "yes", "since": "2026-01-01"}, [1]),
        ({"reviewed": "no", "since": "2026-01-01"}, [3, 2]),
    ],
)
def test_the_feed_is_narrowed(person, group, params, numbers):
    first = ConfigRevision.objects.get(number=1)
    Review.objects.create(revision=first, reviewer="bo", at=NOW)
    page = person.get("/security/", params)
    assert [row.number for row in page.context["page"].rows] == numbers


@pytest.mark.parametrize(
    "params",
    [{"kind": "x"}, {"since": "x"}, {"score": "x"}, {"actor": "a\0"}, {"change_class": "x"}],
)
def test_what_cannot_be_asked_of_the_feed_is_told(person, params):
    assert person.get("/security/", params).status_code == 400


@pytest.mark.parametrize("after", ["x", "1", "99999999999999999999-1", "999999999999999999-1", "-"])
def test_places_that_are_none_are_the_first_page(person, group, after):
    assert text_of(person.get("/security/", {"after": after}))


def test_the_feed_takes_the_same_few_statements_however_much_there_is(person, group):
    few = statements(person, "/security/")
    for hour in range(3, 20):
        revise(group, group_of(rule(port=hour)), at=later(hours=hour))
    many = statements(person, "/security/")
    assert len(few) == len(many) <= 12
    assert not any("COUNT(" in sql.upper() for sql in many)


def test_older_pages_follow_by_their_place(person, group, monkeypatch):
    monkeypatch.setattr("security.views.feed._PAGE", 2)
    first = person.get("/security/").context["page"]
    second = person.get("/security/", {"after": first.more}).context["page"]
    assert [[row.number for row in page.rows] for page in (first, second)] == [[3, 2], [1]]
    assert not second.more


def test_many_are_reviewed_at_once_and_audited(person, group):
    ids = list(ConfigRevision.objects.values_list("pk", flat=True))
    form = {"revision": [*ids, "x", "999999"], "note": "planned", "next": "/security/?kind=changed"}
    with CaptureQueriesContext(connection) as queries:
        answer = person.post("/security/review/", form)
    assert answer.headers["Location"] == "/security/?kind=changed"
    assert Review.objects.filter(note="planned").count() == 3
    assert AuditEntry.objects.filter(action="review").count() == 3
    assert len(queries) < 20
    person.post("/security/review/", {"revision": ids})
    assert Review.objects.filter(note="planned").count() == 3
    person.post(f"/security/revisions/{ids[0]}/withdraw/")
    assert Review.objects.count() == 2
    assert AuditEntry.objects.filter(action="withdraw review").exists()


def test_only_responders_review_and_comment(client, group):
    client.force_login(make_person("viewer"))
    pk = ConfigRevision.objects.first().pk
    for path in ("review/", f"revisions/{pk}/withdraw/", f"resources/{group.pk}/comment/"):
        assert client.post(f"/security/{path}", {"revision": pk, "text": "x"}).status_code == 403
    assert not Review.objects.exists()
    assert not Comment.objects.exists()


def test_the_page_of_a_resource_shows_all_of_it(person, group):
    alert = make_alert(
        name="Scan", labels={"resource": "sg-1"}, received_at=later(hours=2, minutes=5),
        starts_at=later(hours=2, minutes=5),
    )  # fmt: skip
    other = make_resource(group.account, "eni-1", {"name": "eth0"}, technology="aws.ec2.thing")
    Relation.objects.create(source=other, kind="group", target="sg-1")
    text = text_of(person.get(f"/security/resources/{group.pk}/"))
    for part in ("10.0.0.0/8", "SSH is open", "Terraform/1.9", "without MFA", "eth0", "temp"):
        assert part in text, part
    assert alert.get_absolute_url() in text


def test_the_page_of_a_resource_as_of_a_time(person, group):
    then = f"{later(hours=1, minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    page = person.get(f"/security/resources/{group.pk}/", {"at": then})
    assert page.context["shown"].number == 2
    page = person.get(f"/security/resources/{group.pk}/", {"at": "2020-01-01"})
    assert "not known then" in text_of(page)
    assert person.get(f"/security/resources/{group.pk}/", {"at": "x"}).status_code == 400


def test_a_facet_that_could_not_be_read_is_said(person, group):
    group.unknown = {"rules": {"code": "AccessDenied", "message": "", "action": "ec2:Describe"}}
    group.save()
    text = text_of(person.get(f"/security/resources/{group.pk}/"))
    assert "Could not be read" in text
    assert "ec2:Describe" in text


def test_the_page_of_a_resource_takes_as_many_statements_with_more_history(person, group):
    path = f"/security/resources/{group.pk}/"
    few = len(statements(person, path))
    for hour in range(3, 9):
        revise(group, group_of(rule(port=hour)), at=later(hours=hour))
    assert len(statements(person, path)) == few <= 18


def test_the_page_of_a_revision_says_who_and_what(person, group):
    first, opened, closed = ConfigRevision.objects.order_by("number")
    text = text_of(person.get(opened.get_absolute_url()))
    for part in ("0.0.0.0/0", "AuthorizeSecurityGroupIngress", "introduced by it"):
        assert part in text, part
    assert first.get_absolute_url() in text
    assert closed.get_absolute_url() in text
    assert "fixed by it" in text_of(person.get(closed.get_absolute_url()))
    assert len(statements(person, opened.get_absolute_url())) <= 18


def test_any_two_revisions_are_compared_also_of_what_is_deleted(person, group):
    gone = revise(group, group_of(rule()), at=later(hours=3), kind="deleted")
    first, opened, closed, _ = ConfigRevision.objects.order_by("number")
    path = "/security/compare/?from={}&to={}"
    assert "temp" in text_of(person.get(path.format(first.pk, opened.pk)))
    assert "the same" in text_of(person.get(path.format(first.pk, closed.pk)))
    assert "It was deleted" in text_of(person.get(path.format(opened.pk, gone.pk)))
    assert person.get(path.format(first.pk, "x")).status_code == 400
    assert person.get(path.format("9" * 30, 1)).status_code == 400
    other = make_resource(group.account, "pl-1", {"entries": []}, technology="aws.ec2.prefixlist")
    foreign = ConfigRevision.objects.get(resource=other)
    assert person.get(path.format(first.pk, foreign.pk)).status_code == 400


def test_comments_are_kept_and_audited(person, group):
    path = f"/security/resources/{group.pk}/comment/"
    revision = ConfigRevision.objects.first()
    person.post(path, {"text": "<b>why</b>"})
    person.post(path, {"text": "here", "revision": revision.pk})
    for bad in (
        {"text": " "},
        {"text": "x" * 4001},
        {"text": "x", "revision": "9"},
        {"text": "\0"},
    ):
        person.post(path, bad)
    assert list(Comment.objects.values_list("text", flat=True)) == ["here", "<b>why</b>"]
    assert AuditEntry.objects.filter(action="comment").count() == 2
    assert "&lt;b&gt;why" in text_of(person.get(f"/security/resources/{group.pk}/"))


def test_the_inventory_and_what_an_address_in_its_search_box_leads_to(person, group):
    assert "sg-1" in text_of(person.get("/security/inventory/"))
    then = {"at": "2026-03-02T13:30Z", "account": group.account.account_id}
    assert "#2" in text_of(person.get("/security/inventory/", then))
    answer = person.get("/security/inventory/", {"q": "10.1.2.3", "at": "ever"})
    assert answer.headers["Location"] == "/security/addresses/?q=10.1.2.3&at=ever"
    assert "tcp 22" in text_of(person.get(answer.headers["Location"]))
    assert person.get("/security/inventory/", {"match": "{"}).status_code == 400
    assert person.get("/security/addresses/", {"q": "web"}).status_code == 400
    assert text_of(person.get("/security/addresses/"))


@pytest.mark.parametrize("path", ["resources/999999/", "revisions/999999/", f"resources/{10**25}/"])
def test_what_is_not_there_is_not_found(person, path):
    assert person.get(f"/security/{path}").status_code == 404


def test_alerts_elsewhere_are_not_around_it(person, group):
    make_alert(name="Other", received_at=later(hours=2), starts_at=later(hours=2))
    assert Alert.objects.count() == 1
    page = person.get(f"/security/resources/{group.pk}/")
    assert page.context["around"].alerts == []


@pytest.mark.parametrize(
    ("score", "severity"), [(10, "critical"), (7, "high"), (4, "warning"), (1, "low")]
)
def test_scores_have_the_colours_of_severities(score, severity):
    text = render_to_string("security/score.html", {"score": score})
    assert f"sev-{severity}" in text
    assert f"sev-{severity}" in render_to_string("security/severity.html", {"score": score})
