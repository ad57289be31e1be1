"""Deployments, and what becomes of them: one change each, by repository and id."""

import re
from collections.abc import Mapping
from typing import Any

from chronos.formats.github.hook import Hook, Reader, short
from chronos.formats.reading import need, only, web_links
from chronos.normalise import FAILED, PLANNED, STARTED, SUCCEEDED, TERMINAL, Change
from opsportal.lib.fields import inner, instant, table, text

# `inactive`: another deployment took its place, which is neither its end nor a failure.
_STATES = {
    "queued": STARTED, "waiting": STARTED, "pending": STARTED, "in_progress": STARTED,
    "success": SUCCEEDED, "failure": FAILED, "error": FAILED,
}  # fmt: skip
_SERVICE = ("service", "app", "application")
# A branch is no version, a tag is.
_TAG = re.compile(r"(?:[\w.-]*[-_/])?v?\d+(?:\.\d+)+[\w.+-]*")


def read_deployment(hook: Hook) -> Change | str:
    """It was asked for; how it goes is told by its statuses."""
    return _change(hook, PLANNED)


def read_deployment_status(hook: Hook) -> Change | str:
    """How it goes. It ends when its first final status was made."""
    said = hook.part("deployment_status")
    state = need(said.get("state"), "deployment_status.state")
    status = _STATES.get(state)
    if status is None:
        return f"The deployment is {state[:50]}, which is no change of its own."
    at = instant(said.get("created_at"))
    return _change(
        hook,
        status,
        ended_at=at if status in TERMINAL else None,
        body=text(said.get("description"), 1000),
        links=web_links(
            (said.get("environment_url"), "environment"),
            (said.get("log_url") or said.get("target_url"), "log"),
            (hook.part("workflow_run").get("html_url"), "workflow run"),
        ),
    )


def _change(hook: Hook, status: str, **facts: Any) -> Change:
    deployment = hook.part("deployment")
    identity = need(deployment.get("id"), "deployment.id")
    details = table(deployment.get("payload")) or inner(deployment.get("payload"))
    service = next((text(details[n], 200) for n in _SERVICE if details.get(n)), "") or hook.name
    task = text(deployment.get("task"), 100)
    environment = text(deployment.get("environment"), 100)
    version = _version(deployment, details)
    kind = "rollback" if "rollback" in task.lower() else "deployment"
    where = f" to {environment}" if environment else ""
    return hook.change(
        f"deployment/{identity}",
        deployment.get("creator"),
        kind=kind,
        title=f"{'Rollback of ' if kind == 'rollback' else ''}{service} {version}{where}",
        status=status,
        started_at=instant(deployment.get("created_at")),
        service=service,
        environment=environment,
        version=version,
        commit=text(deployment.get("sha"), 100),
        labels={
            **only("task", task, ("deploy",)),
            **only("ref", text(deployment.get("ref"), 300), (version,)),
            **only(
                "original_environment",
                text(deployment.get("original_environment"), 100),
                (environment,),
            ),
        },
        **{"body": text(deployment.get("description"), 1000), **_said(facts)},
    )


def _said(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value}


def _version(deployment: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    said, ref = text(details.get("version"), 200), text(deployment.get("ref"), 200)
    ref = ref.removeprefix("refs/tags/")
    return said or (ref if _TAG.fullmatch(ref) else short(deployment.get("sha")) or ref)


DEPLOYMENT_READERS: dict[str, Reader] = {
    "deployment": read_deployment,
    "deployment_status": read_deployment_status,
}
