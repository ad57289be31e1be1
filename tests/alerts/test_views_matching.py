"""What the editor of matchers asks the portal, and its field without JavaScript."""

import json

import pytest
from django import forms
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.matcher_widget import MatcherField
from alerts.suggest import suggest_labels
from tests.accounts.people import make_person
from tests.alerts.makers import make_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(client):
    client.force_login(make_person("viewer"))

    def send(question, status=200):
        body = question if isinstance(question, str) else json.dumps(question)
        answer = client.post("/rules/matchers/", body, content_type="application/json")
        assert answer.status_code == status
        return answer.json()

    return send


def test_a_text_is_answered_by_rows_and_rows_by_text(ask):
    rows = [{"name": "service", "op": "=", "value": "pay"}, {"name": "x", "op": ">", "value": "9"}]
    assert ask({"text": "service=pay, x>9"}) == {"rows": rows}
    assert ask({"rows": rows}) == {"text": '{service="pay", x>"9"}'}
    assert ask({"rows": []}) == {"text": ""}


def test_a_wrong_text_is_answered_by_complaint_and_column(ask):
    answer = ask({"text": 'service="pay" nonsense'})
    assert answer["column"] == 15
    assert answer["complaint"].startswith("Matchers, column 15: expected a comma")


def test_wrong_rows_are_named(ask):
    answer = ask({"rows": [{"name": "a", "op": "<", "value": "x"}]})
    assert answer["wrong"] == [0]
    assert answer["complaint"].startswith("Row 1: ")
    assert "text" not in answer


@pytest.mark.parametrize(
    "body", ["", "[]", "null", "[" * 5000, '{"text": 5}', '{"rows": 5}', '{"rows": [5]}',
             '{"rows": [{"name": "a"}]}']
)  # fmt: skip
def test_what_is_no_question_is_refused(ask, body):
    assert "Send" in ask(body, status=400)["message"]


def test_only_people_with_a_role_may_ask(client):
    for path in ("/rules/matchers/", "/rules/labels/"):
        assert client.post(path).status_code == 302
    client.force_login(make_person(""))
    assert client.post("/rules/matchers/").status_code == 403
    assert client.get("/rules/labels/").status_code == 403


def test_labels_are_suggested_from_what_came_in(client):
    make_alert(service="billing", labels={"pod": "a-1", "service": "hidden by the field"})
    make_alert(service="billing", labels={"pod": "a-2", "long": "x" * 300})
    client.force_login(make_person("viewer"))
    found = client.get("/rules/labels/").json()["labels"]
    assert found["service"] == ["billing"]
    assert sorted(found["pod"]) == ["a-1", "a-2"]
    assert found["severity"][0] == "critical"
    assert found["long"] == []
    assert "summary" in found


def test_suggestions_take_one_query_however_many_alerts_there_are():
    for _ in range(5):
        make_alert()
    with CaptureQueriesContext(connection) as queries:
        suggest_labels()
    assert len(queries) == 1
    assert "LIMIT 1000" in queries[0]["sql"]


class OneField(forms.Form):
    match = MatcherField()


def test_the_field_works_as_text_alone():
    form = OneField({"match": 'a="b",\r\nc="d"'})
    assert form.is_valid()
    assert form.cleaned_data["match"] == 'a="b",\nc="d"'
    wrong = OneField({"match": "a"})
    assert "column 2" in wrong.errors["match"][0]


def test_the_widget_brings_rows_or_says_why_not():
    assert "[&quot;a&quot;, &quot;=&quot;, &quot;b&quot;]" in str(
        OneField({"match": 'a="b"'})["match"]
    )
    wrong = str(OneField({"match": 'a="b" <script>'})["match"])
    assert "data-rows" not in wrong
    assert "      ^" in wrong
    assert "<script>" not in wrong
