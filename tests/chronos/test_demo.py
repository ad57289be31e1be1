"""The demo's changes are such as the portal takes, and tell a story."""

from collections import Counter
from itertools import islice
from random import Random

import pytest

from chronos.demo import ChangeDemo
from chronos.models import ChangeEvent
from opsportal.lib.times import utc_now
from tests.accounts.people import bearer, make_key


class Stage:
    """Posts to the portal by Django's own client."""

    def __init__(self, client, *scopes):
        self.random, self.told, self.statuses = Random(1), [], Counter()  # noqa: S311
        self._client, self._headers = client, bearer(make_key(*scopes)[1])

    def instant(self):
        return utc_now()

    def request(self, method, path, body):
        answer = self._client.post(
            path, body, content_type="application/json", headers=self._headers
        )
        self.statuses[answer.status_code] += 1
        return answer.status_code, answer.json()

    def tell(self, text):
        self.told.append(text)


@pytest.mark.django_db
def test_deployments_start_and_end_and_one_that_fails_is_rolled_back(client):
    stage = Stage(client, "events:write")
    for pause in islice(ChangeDemo().play(stage), 60):
        assert pause > 0
    assert max(stage.statuses) < 300
    lasted = ChangeEvent.objects.filter(kind="deployment", reports=2)
    assert {*lasted.values_list("status", flat=True)} == {"succeeded", "failed"}
    failed = lasted.filter(status="failed")[0]
    undone = ChangeEvent.objects.get(kind="rollback", correlation_id=failed.correlation_id)
    assert (undone.service, undone.version) == (failed.service, failed.previous_version or "2026.1")
    kinds = {*ChangeEvent.objects.values_list("kind", flat=True)}
    assert kinds >= {"deployment", "rollback", "flag", "config", "scale", "restart"}
    assert len(stage.told) > 50


@pytest.mark.django_db
def test_a_refusal_is_said(client):
    stage = Stage(client, "alerts:write")
    next(ChangeDemo().play(stage))
    assert "the portal answered 403" in stage.told[0]
