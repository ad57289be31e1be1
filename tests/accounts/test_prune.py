"""What is forgotten, and when."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.sessions.models import Session
from django.db.models import Model

from opsportal.accounts.models import AuditEntry, KeyUse
from opsportal.accounts.prune import prune_accounts
from opsportal.accounts.tasks import prune_accounts as prune_now
from opsportal.lib.times import utc_now
from tests.accounts.people import make_key


@pytest.mark.django_db
def test_spent_allowances_old_log_ins_and_ended_sessions_go_and_the_trail_stays():
    now = utc_now()
    key, _ = make_key("alerts:write")
    for age in (timedelta(minutes=1), timedelta(days=500)):
        then = now - age
        KeyUse.objects.create(key=key, minute=then)
        AuditEntry.objects.create(at=then, actor="ann", action="x")
        Session.objects.create(session_key=str(age), expire_date=then + timedelta(hours=1))
        for model in (AccessAttempt, AccessLog):
            created = model.objects.create(username="ann", **_of(model))
            model.objects.filter(pk=created.pk).update(attempt_time=then)
    assert prune_accounts(now=now) == 4
    for model in (KeyUse, AccessAttempt, AccessLog, Session):
        assert model.objects.count() == 1
    assert AuditEntry.objects.filter(actor="ann").count() == 2
    prune_now()


def _of(model: type[Model]) -> dict[str, int]:
    return {"failures_since_start": 1} if model is AccessAttempt else {}
