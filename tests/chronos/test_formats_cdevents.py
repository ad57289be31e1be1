"""CDEvents: the specification's own examples, and how reports of one run become one change."""

import json
from pathlib import Path

import pytest

from chronos.formats.cdevents import CdEventsFormat
from chronos.models import ChangeEvent
from chronos.record import record_changes
from opsportal.lib.contracts import Received
from opsportal.lib.errors import PayloadError
from tests.chronos.cloudevents import NOW, STRUCTURED, parse

FORMAT = CdEventsFormat()
FOLDER = Path(__file__).parents[1] / "fixtures" / "cdevents"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.json"))
# Example -> kind, action, status.
MEANT = {
    "service_deployed": ("deployment", "deployed", "succeeded"),
    "service_upgraded": ("deployment", "upgraded", "succeeded"),
    "service_rolledback": ("rollback", "rolledback", "succeeded"),
    "service_removed": ("deployment", "removed", "succeeded"),
    "service_published": ("release", "published", "succeeded"),
    "environment_modified": ("infra", "modified", "succeeded"),
    "pipelinerun_queued": ("job", "queued", "planned"),
    "pipelinerun_started": ("job", "started", "started"),
    "pipelinerun_finished": ("job", "finished", "failed"),
    "build_finished": ("job", "finished", "succeeded"),
    "testcaserun_skipped": ("job", "skipped", "cancelled"),
    "change_merged": ("change", "merged", "succeeded"),
    "change_abandoned": ("change", "abandoned", "cancelled"),
    "incident_detected": ("incident", "detected", "started"),
    "incident_resolved": ("incident", "resolved", "succeeded"),
    "artifact_published": ("release", "published", "succeeded"),
    "artifact_signed": ("artifact", "signed", "succeeded"),
    "approval_closed": ("approval", "closed", "succeeded"),
    "ticket_closed": ("ticket", "closed", "succeeded"),
    "custom": ("mytool-resource", "created", "succeeded"),
}


def example(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def read(event):
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    return FORMAT.parse(Received(body, NOW, content_type="application/json")).changes


def change(name, **context):
    event = example(name)
    event["context"] |= context
    (found,) = read(event)
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_a_change(name):
    found, event = change(name), example(name)
    assert found.title
    assert found.subject.endswith(event["subject"]["id"])
    assert (found.source, found.report_id) == (event["context"]["source"], event["context"]["id"])
    assert found.labels["type"] == event["context"]["type"]


@pytest.mark.parametrize("name", MEANT)
def test_what_an_example_means(name):
    found = change(name)
    assert (found.kind, found.action, found.status) == MEANT[name]


def test_a_deployment_says_what_runs_where():
    found = change("service_deployed")
    assert (found.service, found.environment) == ("mySubject123", "test123")
    assert found.artifact.startswith("pkg:oci/myapp@sha256%3A0b31")
    assert found.version.startswith("sha256:0b31")
    assert found.correlation_id == "4c8cb7dd-3448-41de-8768-eec704e2829b"
    assert found.causation_id == "5328c37f-bb7e-4bb7-84ea-9f5f85e4a7ce"
    tagged = example("service_deployed")
    tagged["subject"]["content"]["artifactId"] = "pkg:oci/myapp@sha256%3Ab?tag=1.2"
    assert read(tagged)[0].version == "1.2"


def test_an_incident_says_what_is_hurt():
    found = change("incident_reported")
    assert (found.service, found.environment, found.external_id) == (
        "myApp", "prod1", "incident:incident-123",
    )  # fmt: skip
    assert found.links[0]["href"] == "https://my-issues.example/incidents/ticket-345"
    assert found.data["customData"]["reportedBy"] == "userId"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("success", "succeeded"), ("Error", "failed"), ("cancel", "cancelled"), ("odd", "failed")],
)
def test_an_outcome_is_a_status(outcome, status):
    event = example("pipelinerun_finished")
    event["subject"]["content"]["outcome"] = outcome
    assert read(event)[0].status == status


def test_other_minor_versions_are_read():
    for version in ("0.1.0", "0.9.9-draft", "1.0.0"):
        assert change("service_deployed", type=f"dev.cdevents.service.deployed.{version}").service
    assert change("service_deployed", type="dev.cdevents.service.paused.0.1.0").kind == "service"


@pytest.mark.django_db
@pytest.mark.parametrize("backwards", [False, True])
def test_queued_started_and_finished_are_one_change(backwards):
    names = ["pipelinerun_queued", "pipelinerun_started", "pipelinerun_finished"]
    reports = [
        change(name, id=str(number), timestamp=f"2026-03-04T05:0{number}:00Z")
        for number, name in enumerate(names)
    ]
    for report in reversed(reports) if backwards else reports:
        record_changes([report], now=NOW)
    (again,) = record_changes([reports[0]], now=NOW)
    found = ChangeEvent.objects.get()
    assert (found.status, found.action, again.outcome) == ("failed", "finished", "repeated")
    assert (found.started_at.minute, found.ended_at.minute, found.reports) == (0, 2, 4)


def test_it_may_be_the_data_of_a_cloudevent():
    event = example("service_deployed")
    context = event["context"]
    wrapped = {
        "specversion": "1.0", "id": context["id"], "source": context["source"],
        "type": context["type"], "time": context["timestamp"], "data": event,
    }  # fmt: skip
    assert parse(wrapped).changes == read(event)
    body = json.dumps(wrapped).encode()
    assert FORMAT.parse(Received(body, NOW, content_type=STRUCTURED)).changes == read(event)
    with pytest.raises(PayloadError):
        parse(wrapped | {"data": {"app": "api"}})


def test_several_may_come_at_once():
    parsed = FORMAT.parse(Received(json.dumps([example("build_started"), {}]).encode(), NOW))
    assert (len(parsed.changes), parsed.rejected[0].index) == (1, 1)


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("context", "id", ""), ("context", "source", {}), ("context", "type", "dev.other.x.y"),
        ("context", "type", "dev.cdevents.a.b" + "-b" * 300),
        ("context", "timestamp", "2026-03-04T05:06:07"), ("context", "timestamp", []),
        ("subject", "id", None), ("subject", "content", "x"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(part, field, value):
    event = example("service_deployed")
    event[part][field] = value
    with pytest.raises(PayloadError) as caught:
        read(event)
    assert [error.field for error in caught.value.errors] == [f"{part}.{field}"]


@pytest.mark.parametrize("body", [b"", b"[]]", b"5", b"{}", b'{"context": [], "subject": 1}'])
def test_what_is_no_cdevent_is_refused(body):
    with pytest.raises(PayloadError):
        read(body)
