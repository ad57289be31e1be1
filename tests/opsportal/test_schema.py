"""The OpenAPI schema is valid, and what the portal answers is what it says."""

import io
from datetime import timedelta

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from alerts.models import Channel, Notification, Rule, Transition
from alerts.normalise import AlertEvent
from alerts.receive import receive_alerts
from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import SCOPES, create_key
from opsportal.lib.times import utc_now

CHECKED = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
BOUNDED = settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SCHEMA = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
SCHEMA.app = get_wsgi_application()
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)]


@pytest.fixture
def _one_connection():
    """The application runs in the test's thread and transaction, so it must not hang up."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def key(db, _one_connection):
    """A key that may do all, and some alerts to do it to."""
    now = utc_now()
    events = [AlertEvent(name="fires", dedup_key=f"k{number}") for number in range(3)]
    receive_alerts(events, now=now)
    channel = Channel.objects.create(name="hook", kind="webhook")
    rule = Rule.objects.create(name="all")
    rule.actions.create(kind="notify", channel=channel)
    rule.actions.create(kind="set", field="severity", value="low")
    for transition in Transition.objects.all():
        told = Notification.objects.create(
            alert=transition.alert,
            transition=transition,
            channel=channel,
            rule=rule,
            about="warning",
            created_at=now,
            due_at=now,
        )
        told.delivery_attempts.create(
            number=1, started_at=now, duration=timedelta(seconds=1), succeeded=True
        )
    transition.decision.reasons = [{"rule": rule.pk, "name": "all", "failed": None}]
    transition.decision.outcome = "notified"
    transition.decision.save()
    return create_key("schemathesis", tuple(SCOPES), actor=COMMAND_LINE, now=now)[1]


def test_the_schema_is_valid_and_without_warnings():
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=io.StringIO())


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_whatever_is_sent_the_answer_is_as_described(operation, mode, key):
    @BOUNDED
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKED)

    check()
