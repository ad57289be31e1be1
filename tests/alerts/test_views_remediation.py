"""The page of a remediation, and the same by the API."""

import pytest

from opsportal.lib.times import utc_now
from opsportal.safety.models import Operation
from tests.accounts.people import bearer, make_key, make_person, make_team
from tests.alerts.delivering import hook_channel
from tests.alerts.makers import make_alert
from tests.alerts.remediating import arm, make_wish, operation_of, step
from tests.opsportal.rows import make_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def wish(hooks):
    """A plan of a team that waits for a person."""
    arm("webhook")
    hook_channel(hooks, "runbooks")
    alert = make_alert(resource="<i>db-1</i>", team=make_team("storage"))
    found = make_wish(
        alert=alert, plugin="webhook", approval="required", parameters={"channel": "runbooks"}
    )
    step(utc_now())
    assert operation_of(found).state == "waiting_approval"
    return found


@pytest.fixture
def responder(wish):
    return make_person("responder", wish.alert.team)


def press(client, wish, action, plan_hash=""):
    plan_hash = plan_hash or operation_of(wish).plan_hash
    data = {"action": action, "hash": plan_hash, "note": "why\0"}
    return client.post(wish.get_absolute_url(), data, follow=True)


class TestPage:
    def test_it_shows_the_plan_with_its_hash(self, client, wish, responder):
        client.force_login(responder)
        text = client.get(wish.get_absolute_url()).content.decode()
        assert operation_of(wish).plan_hash in text
        assert "&lt;i&gt;db-1" in text
        assert "<i>db-1" not in text
        assert 'value="approve"' in text

    def test_who_may_not_respond_sees_no_buttons_and_presses_none(self, client, wish):
        client.force_login(make_person("responder"))
        assert 'value="approve"' not in client.get(wish.get_absolute_url()).content.decode()
        assert press(client, wish, "approve").status_code == 403
        assert operation_of(wish).state == "waiting_approval"

    def test_approve(self, client, wish, responder, hooks):
        client.force_login(responder)
        assert "Approved" in press(client, wish, "approve").content.decode()
        assert operation_of(wish).approval.user == responder
        step(utc_now())
        assert operation_of(wish).state == "done"
        assert len(hooks.requests) == 1
        assert client.get(wish.get_absolute_url()).status_code == 200

    def test_reject(self, client, wish, responder):
        client.force_login(responder)
        press(client, wish, "reject")
        assert operation_of(wish).state == "refused"

    def test_a_plan_that_is_another_by_now_is_told(self, client, wish, responder):
        client.force_login(responder)
        assert "hash" in press(client, wish, "approve", "0" * 64).content.decode()
        assert operation_of(wish).state == "waiting_approval"

    @pytest.mark.parametrize("action", ["", "nonsense", "done"])
    def test_what_makes_no_sense_is_told(self, client, wish, responder, action):
        client.force_login(responder)
        assert press(client, wish, action).status_code == 200
        assert operation_of(wish).state == "waiting_approval"

    @pytest.mark.parametrize(("action", "state"), [("done", "done"), ("not done", "failed")])
    def test_a_person_settles_what_nobody_knows(self, client, wish, responder, action, state):
        operation = operation_of(wish)
        Operation.objects.filter(pk=operation.pk).update(state="unknown")
        client.force_login(responder)
        assert "was it" not in press(client, wish, action).content.decode()
        assert operation_of(wish).state == state
        assert not operation.target_rows.filter(holds=True).exists()
        step(utc_now())
        assert operation_of(wish).score is None, "there is no moment to measure from"

    def test_before_it_is_planned_there_is_a_page_too(self, client, wish, responder):
        fresh = make_wish(plugin="webhook")
        client.force_login(responder)
        assert client.get(fresh.get_absolute_url()).status_code == 200
        assert press_unplanned(client, fresh) == 403

    def test_one_that_is_not_there_is_404(self, client, responder):
        client.force_login(responder)
        assert client.get("/remediations/999999/").status_code == 404
        assert client.get("/safety/operations/999999/").status_code == 404

    def test_the_operation_has_a_page_of_its_own(self, client, wish):
        client.force_login(make_person("viewer"))
        assert client.get(f"/safety/operations/{wish.operation_id}/").status_code == 200


def press_unplanned(client, wish) -> int:
    answer = client.post(wish.get_absolute_url(), {"action": "approve"})
    return int(answer.status_code)


class TestApi:
    def call(self, client, wish, verb, body, **options):
        return client.post(
            f"/api/v1/remediations/{wish.pk}/{verb}",
            body,
            content_type="application/json",
            **options,
        )

    def test_it_is_listed_and_shown(self, client, wish):
        _, key = make_key("alerts:read")
        (row,) = client.get("/api/v1/remediations", headers=bearer(key)).json()["results"]
        shown = client.get(f"/api/v1/remediations/{wish.pk}", headers=bearer(key)).json()
        assert row == shown
        assert shown["operation"]["state"] == "waiting_approval"
        assert shown["operation"]["plan_hash"] == operation_of(wish).plan_hash
        assert shown["alert"] == wish.alert_id

    def test_a_list_takes_as_many_queries_for_many(self, client, wish, django_assert_num_queries):
        _, key = make_key("alerts:read")
        client.get("/api/v1/remediations", headers=bearer(key))
        make_rows(type(wish), 10)
        with django_assert_num_queries(2):
            client.get("/api/v1/remediations", headers=bearer(key))

    def test_a_person_approves(self, client, wish, responder):
        client.force_login(responder)
        body = {"hash": operation_of(wish).plan_hash, "note": "go"}
        answer = self.call(client, wish, "approve", body)
        assert answer.status_code == 200
        assert answer.json()["operation"]["state"] == "approved"

    def test_a_key_does_not_approve_but_may_reject(self, client, wish):
        _, key = make_key("alerts:respond")
        body = {"hash": operation_of(wish).plan_hash}
        answer = self.call(client, wish, "approve", body, headers=bearer(key))
        assert answer.status_code == 403
        answer = self.call(client, wish, "reject", body, headers=bearer(key))
        assert answer.json()["operation"]["state"] == "refused"

    @pytest.mark.parametrize("verb", ["approve", "reject"])
    def test_another_teams_key_or_person_does_neither(self, client, wish, verb):
        body = {"hash": operation_of(wish).plan_hash}
        _, key = make_key("alerts:respond", team=make_team())
        assert self.call(client, wish, verb, body, headers=bearer(key)).status_code == 403
        client.force_login(make_person("responder"))
        assert self.call(client, wish, verb, body).status_code == 403

    @pytest.mark.parametrize("body", [{}, {"hash": 5}, {"hash": "x" * 65}, {"hash": None}, []])
    def test_a_body_that_is_not_right_is_told(self, client, wish, responder, body):
        client.force_login(responder)
        assert self.call(client, wish, "approve", body).status_code in {400, 409}
        assert operation_of(wish).state == "waiting_approval"

    def test_a_hash_beyond_ascii_is_a_conflict(self, client, wish, responder):
        client.force_login(responder)
        assert self.call(client, wish, "approve", {"hash": "é"}).status_code == 409

    @pytest.mark.parametrize("ident", ["x", "-1", "9" * 30, "1.5"])
    def test_what_is_no_id_is_404(self, client, ident):
        _, key = make_key("alerts:read")
        answer = client.get(f"/api/v1/remediations/{ident}", headers=bearer(key))
        assert answer.status_code == 404

    def test_before_it_is_planned_it_is_a_conflict(self, client):
        fresh = make_wish(plugin="webhook")
        client.force_login(make_person("administrator"))
        assert self.call(client, fresh, "approve", {"hash": "x"}).status_code == 409
