"""Pages of findings, checks and acceptances: what they show, who may do what, at which cost."""

import pytest

from opsportal.accounts.models import AuditEntry
from security.models import (
    ApiActivity,
    CheckOverride,
    Finding,
    NetworkAllowlist,
    RevisionCause,
    RiskAcceptance,
)
from tests.accounts.people import make_person, make_team
from tests.chronos.freezing import deployed
from tests.security.collecting import later, make_account
from tests.security.findings import (
    CHECKS,
    audit,
    finding,
    make_acceptance,
    make_resource,
    states,
)

pytestmark = pytest.mark.django_db
LIST, CHECKS_PAGE, ACCEPTANCES = (
    "/security/findings/", "/security/checks/", "/security/acceptances/",
)  # fmt: skip


@pytest.fixture
def team():
    return make_team("cloud")


@pytest.fixture(autouse=True)
def account(settings, team):
    settings.AUDITORS = CHECKS
    return make_account(team=team)


@pytest.fixture
def row(account):
    found = make_resource(account, issues=[["a", 6], ["b", 9]], tags={"env": "prod"})
    audit(found)
    return found


def enter(client, role, team=None):
    person = make_person(role, team)
    client.force_login(person)
    return person


def page(client, path, **params):
    answer = client.get(path, params)
    return answer.status_code, answer.content.decode()


def test_a_finding_says_in_which_deployment_it_came_or_that_none_did_it(client, account, row):
    one = finding("b")
    for number, deployment in ((1, deployed(4821)), (2, None)):
        activity = ApiActivity.objects.create(
            event_id=str(number), account=account, at=later(minutes=number),
            received_at=later(minutes=number), service="ec2", action="X", actor="alice",
            tool="console" if deployment is None else "terraform", user_agent="Mozilla", mfa=False,
        )  # fmt: skip
        RevisionCause.objects.create(
            revision=one.introduced_by, activity=activity, confidence="exact",
            deployment_id=deployment and deployment.pk,
        )  # fmt: skip
    enter(client, "viewer")
    text = page(client, f"{LIST}{one.pk}/")[1]
    for said in ("api 4821</a>", "with terraform", "no deploy</span>", "no MFA</span>"):
        assert said in text


def test_the_evidence_reads_as_a_table_and_not_as_json(client, row):
    rules = [{"direction": "in", "from": 22, "peer": "0.0.0.0/0", "description": ""}]
    Finding.objects.filter(pk=finding().pk).update(evidence={"rules": rules, "port": 22})
    enter(client, "viewer")
    text = page(client, f"{LIST}{finding().pk}/")[1]
    assert "<th>peer</th>" in text
    assert "<td>0.0.0.0/0</td>" in text
    assert "evidence port" in text
    assert "&quot;peer&quot;" not in text


@pytest.mark.parametrize(
    ("params", "shown"),
    [
        ({}, "ab"), ({"status": "fixed"}, ""), ({"status": "all"}, "ab"), ({"score": "9"}, "b"),
        ({"check": "T-01"}, "ab"), ({"check": "T-02"}, ""), ({"q": "b"}, "b"),
        ({"q": "sg-1 a"}, "a"), ({"q": '{env="prod", score<"9"}'}, "a"), ({"account": "1"}, ""),
        ({"q": '{account_name=~"ma.*", subject!="a"}'}, "b"), ({"region": "eu-west-1"}, "ab"),
    ],
)  # fmt: skip
def test_the_list_shows_what_its_address_asks_for(client, row, team, params, shown):
    enter(client, "viewer", team)
    status, html = page(client, LIST, **params)
    assert status == 200
    assert "".join(name for name in "ab" if f"<b>{name} is open</b>" in html) == shown


@pytest.mark.parametrize(
    "params",
    [{"status": "x"}, {"score": "99"}, {"score": "²"}, {"q": "{a"}, {"q": "a\0"},
     {"check": "a" * 2000}],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(client, row, team, params):
    enter(client, "viewer", team)
    assert page(client, LIST, **params)[0] == 400


def test_a_place_that_is_none_is_the_first_page(client, row, team):
    enter(client, "viewer", team)
    for after in ("", "x", "9-", "99999999999999999999-1", "9-1-1"):
        assert page(client, LIST, after=after)[0] == 200


def test_pages_go_on_from_the_last_score_and_id(client, account, team, monkeypatch):
    monkeypatch.setattr("security.views.findings.PAGE", 2)
    audit(make_resource(account, issues=[["a", 5], ["b", 5], ["c", 5]]))
    enter(client, "viewer", team)
    answer = client.get(LIST)
    rest = client.get(LIST, {"after": answer.context["more"]})
    seen = [found.subject for found in (*answer.context["rows"], *rest.context["rows"])]
    assert (seen, rest.context["more"]) == (["c", "b", "a"], "")


def test_the_pages_cost_the_same_for_many_as_for_few(
    client, account, row, team, django_assert_max_num_queries
):
    for number in range(8):
        audit(make_resource(account, f"sg-{number + 2}", issues=[[f"f{number}", 6]]))
        make_acceptance(finding(f"f{number}"), team=team)
    enter(client, "viewer", team)
    with django_assert_max_num_queries(10):
        page(client, LIST, check="T-01", account=account.account_id)
    with django_assert_max_num_queries(12):
        page(client, f"{LIST}{finding().pk}/")
    with django_assert_max_num_queries(8):
        page(client, CHECKS_PAGE)
    with django_assert_max_num_queries(8):
        page(client, ACCEPTANCES)


def test_a_finding_tells_why_since_when_and_what_to_do(client, row, team):
    make_acceptance(finding(), reason="behind a proxy")
    audit(row)
    enter(client, "viewer", team)
    _, html = page(client, f"{LIST}{finding().pk}/")
    for said in ("Close the door.", "Anybody may come in.", "alice", "behind a proxy", "accepted"):
        assert said in html
    assert "Accept the risk" not in html
    assert page(client, f"{LIST}999999/")[0] == 404


def accept(client, *subjects, **values):
    ids = [finding(subject).pk for subject in subjects]
    return client.post(f"{LIST}accept/", {"finding": ids, **values})


def test_evidence_is_shown_before_a_risk_is_accepted(client, row, team):
    person = enter(client, "team_admin", team)
    shown = accept(client, "a").content.decode()
    assert "&quot;rules&quot;" in shown
    assert not RiskAcceptance.objects.exists()
    refused = accept(client, "a", decide="1", expires_at="2000-01-01", reason="r")
    assert refused.status_code == 400
    done = accept(client, "a", decide="1", expires_at="30d", reason="proxy", ticket="SEC-1")
    assert done.headers["Location"] == ACCEPTANCES
    assert states()[0] == ("a", "accepted", 6)
    assert RiskAcceptance.objects.get().accepted_by == person.get_username()


def test_only_admins_of_the_accounts_team_accept_and_approve(client, row, team):
    enter(client, "responder", team)
    assert accept(client, "a", decide="1", expires_at="30d", reason="r").status_code == 403
    enter(client, "team_admin", make_team("others"))
    assert accept(client, "a", decide="1", expires_at="30d", reason="r").status_code == 403
    one = enter(client, "team_admin", team)
    accept(client, "b", decide="1", expires_at="30d", reason="r")
    made = RiskAcceptance.objects.get()
    client.post(f"{ACCEPTANCES}{made.pk}/approve/")
    assert finding("b").status == "open"
    other = enter(client, "team_admin", team)
    assert other != one
    assert "Approve" in page(client, ACCEPTANCES)[1]
    client.post(f"{ACCEPTANCES}{made.pk}/approve/")
    assert finding("b").status == "accepted"
    client.post(f"{ACCEPTANCES}{made.pk}/end/", {"reason": "over"})
    assert finding("b").status == "open"
    assert "over" in page(client, f"{ACCEPTANCES}?over")[1]


def test_acceptances_are_paged(client, row, team, monkeypatch):
    monkeypatch.setattr("security.views.acceptances.PAGE", 1)
    for subject in "ab":
        make_acceptance(finding(subject), reason=f"because {subject}")
    enter(client, "viewer", team)
    first = client.get(ACCEPTANCES)
    assert "because a" in first.content.decode()
    rest = client.get(ACCEPTANCES, {"after": first.context["more"]}).content.decode()
    assert "because b" in rest
    assert page(client, ACCEPTANCES, after="x_1")[0] == 200


def test_checks_are_shown_with_what_they_found_and_by_control(client, account, row, team):
    CheckOverride.objects.create(check_id="T-02", account=account, score=1, reason="r")
    enter(client, "viewer", team)
    for shown in (page(client, CHECKS_PAGE)[1], page(client, CHECKS_PAGE, by="control")[1]):
        assert "Open to the world" in shown
        assert "CIS 6.3" in shown


@pytest.mark.parametrize(
    ("path", "given", "model"),
    [
        ("checkoverride", {"check_id": "T-01", "score": 3, "enabled": "on", "reason": "dev"},
         CheckOverride),
        ("networkallowlist", {"cidr": "203.0.113.7/24", "note": "office"}, NetworkAllowlist),
    ],
)  # fmt: skip
def test_the_admin_saves_by_the_deed_and_leaves_a_trail(client, path, given, model):
    enter(client, "administrator")
    client.post(f"/admin/security/{path}/add/", given)
    made = model.objects.get()
    assert str(made) in ("T-01: 3", "203.0.113.0/24")
    assert AuditEntry.objects.filter(target_type=f"security.{path}", action="create").exists()
    client.post(f"/admin/security/{path}/{made.pk}/delete/", {"post": "yes"})
    assert not model.objects.exists()


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("checkoverride", {"check_id": "T-01", "enabled": "on", "reason": "no score"}),
        ("checkoverride", {"check_id": "T-01", "score": 1, "match": "{a", "reason": "r"}),
        ("networkallowlist", {"cidr": "0.0.0.0/1", "note": "wide"}),
        ("networkallowlist", {"cidr": "here", "note": "none"}),
        ("riskacceptance", {"check_id": "T-01", "max_score": 3, "reason": "r",
                            "expires_at_0": "2000-01-01", "expires_at_1": "00:00"}),
    ],
)  # fmt: skip
def test_the_admin_says_what_is_not_right(client, path, given):
    enter(client, "administrator")
    answer = client.post(f"/admin/security/{path}/add/", given)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors


def test_findings_are_a_ledger_in_the_admin(client, row):
    enter(client, "administrator")
    pk = Finding.objects.first().pk
    assert client.get(f"/admin/security/finding/{pk}/change/").status_code == 200
    assert client.get("/admin/security/finding/add/").status_code == 403
