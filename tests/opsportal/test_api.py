"""Who calls, who is refused, and what the schema says."""

from datetime import UTC, datetime

import pytest
import time_machine

from opsportal.accounts import permissions
from opsportal.accounts.api import WhoAmI
from opsportal.accounts.models import ApiKey
from opsportal.lib.times import utc_now
from tests.accounts.people import bearer, make_key, make_person, make_team

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WHOAMI = "/api/v1/whoami"


@pytest.mark.django_db
def test_a_key_learns_who_it_is(client):
    team = make_team("payments")
    key, text = make_key("alerts:write", team=team, name="probe", rate_limit=9)
    answer = client.get(WHOAMI, headers=bearer(text))
    assert answer.status_code == 200
    assert answer.json() == {
        "key": {
            "name": "probe",
            "prefix": key.prefix,
            "scopes": ["alerts:write"],
            "team": "payments",
            "rate_limit": 9,
            "expires_at": None,
        },
        "person": None,
    }


@pytest.mark.django_db
def test_a_person_learns_the_own_roles(client):
    team = make_team("payments")
    ann = make_person("responder", team)
    client.force_login(ann)
    assert client.get(WHOAMI).json() == {
        "key": None,
        "person": {
            "username": ann.username,
            "administrator": False,
            "roles": [{"team": "payments", "role": "responder"}],
        },
    }


@pytest.mark.django_db
@pytest.mark.parametrize("url", [WHOAMI, "/api/schema/", "/api/docs/"])
@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic eDp5", "Bearer {revoked}"])
def test_strangers_get_401_and_the_challenge(client, url, header):
    key, text = make_key("alerts:write")
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=utc_now())
    headers = {"Authorization": header.replace("{revoked}", text)} if header else {}
    answer = client.get(url, headers=headers)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.django_db
def test_a_bad_key_is_refused_even_with_a_good_session(client):
    client.force_login(make_person("viewer"))
    assert client.get(WHOAMI, headers=bearer("nonsense")).status_code == 401


@pytest.mark.django_db
def test_a_view_that_names_no_permission_lets_nobody_in(client, monkeypatch):
    monkeypatch.setattr(WhoAmI, "permission_classes", [permissions.NobodyYet])
    assert client.get(WHOAMI).status_code == 401
    client.force_login(make_person("administrator"))
    answer = client.get(WHOAMI)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.django_db
def test_unknown_paths_and_methods_are_told_in_the_one_shape(client):
    client.force_login(make_person("viewer"))
    answer = client.get("/api/v1/nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    _, text = make_key("alerts:write")
    answer = client.post(WHOAMI, headers=bearer(text))
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.django_db
def test_a_key_that_asks_too_often_is_told_when_to_come_again(client):
    _, text = make_key("alerts:write", rate_limit=2)
    with time_machine.travel(NOW.replace(second=20), tick=False):
        answers = [client.get(WHOAMI, headers=bearer(text)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1]["Retry-After"] == "40"
    assert answers[-1].json()["code"] == "rate_limited"


@pytest.mark.django_db
def test_the_schema_names_bearer_keys_and_the_error_shape_everywhere(client):
    _, text = make_key("alerts:write")
    answer = client.get("/api/schema/?format=json", headers=bearer(text))
    assert answer.status_code == 200
    schema = answer.json()
    assert schema["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"
    operations = [
        op for item in schema["paths"].values() for op in item.values() if "responses" in op
    ]
    assert operations
    for operation in operations:
        assert {"400", "401", "403", "405", "429", "503"} <= set(operation["responses"])
    error = schema["components"]["responses"]["Invalid"]["content"]["application/json"]["schema"]
    assert error == {"$ref": "#/components/schemas/Error"}


@pytest.mark.django_db
def test_the_docs_page_has_no_script_of_its_own_inside(client):
    client.force_login(make_person("viewer"))
    page = client.get("/api/docs/").content.decode()
    for tag in page.split("<script")[1:]:
        opening, body = tag.split(">", 1)
        assert 'src="/' in opening
        assert body.split("</script>")[0].strip() == ""
    assert "http" not in page.split("<body>")[0].replace("http-equiv", "")
