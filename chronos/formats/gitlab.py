"""GitLab's webhooks.

Contract: "Webhook events" and "Webhooks" in GitLab's documentation (doc/user/project/integrations).
Times are ISO 8601, `2021-04-28 21:50:00 +0200` or `2020-11-02 12:55:12 UTC`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from chronos.formats import ChangeFormat
from chronos.formats.reading import (
    answer_changes,
    commits_of,
    first_line,
    need,
    only,
    parsed_one,
    read_object,
    web_links,
)
from chronos.normalise import (
    CANCELLED,
    FAILED,
    PLANNED,
    STARTED,
    SUCCEEDED,
    TERMINAL,
    Change,
    ChangeReceipt,
)
from opsportal.lib.contracts import KEY_IN_PATH, Parsed, Received, Reply
from opsportal.lib.fields import instant, rows, table, text

SOURCE = "gitlab"
EVENT, UUID = "x-gitlab-event", "x-gitlab-event-uuid"
_DEPLOYMENTS = {
    "created": PLANNED, "blocked": PLANNED, "running": STARTED, "success": SUCCEEDED,
    "failed": FAILED, "canceled": CANCELLED, "skipped": CANCELLED,
}  # fmt: skip
_PIPELINES = {
    "created": STARTED, "waiting_for_resource": STARTED, "preparing": STARTED, "pending": STARTED,
    "running": STARTED, "success": SUCCEEDED, "failed": FAILED, "canceled": CANCELLED,
}  # fmt: skip
_NOBODY = "[REDACTED]"
_NOTHING = "0" * 40


class GitLabFormat(ChangeFormat):
    """`POST /hooks/gitlab`; the key is the webhook's secret token (`X-Gitlab-Token`)."""

    slug = "gitlab"
    label = "GitLab webhook"
    paths = ("/hooks/gitlab", f"/hooks/gitlab{KEY_IN_PATH}")
    max_body = 25 * 1024 * 1024
    # Whatever is no 2xx is sent again where the webhook says so, and else counts as failed.
    overload = 503
    keeps_headers = (EVENT, UUID)

    def parse(self, received: Received) -> Parsed:
        """One event. Retries have the UUID of the first, but so have hooks that a hook set off."""
        payload = read_object(received.body)
        token = ""
        if uuid := received.headers.get(UUID, ""):
            token = f"gitlab:{uuid[:100]}:{sha256(received.body).hexdigest()[:32]}"
        kind = text(payload.get("object_kind") or payload.get("event_name"), 50)
        kind = kind or need(received.headers.get(EVENT), "object_kind")
        reader = _READERS.get(kind)
        found = reader(Hook(payload)) if reader else f"{kind[:50]} events are not recorded."
        return parsed_one(found, token)

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """200 with what became of it."""
        return answer_changes(parsed, receipts)


@dataclass(frozen=True, slots=True)
class Hook:
    """One event, of a project and by a user."""

    payload: Mapping[str, Any]

    def part(self, name: str) -> Mapping[str, Any]:
        """The object of that name; empty when there is none."""
        return table(self.payload.get(name))

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What it is about, where it is not the whole."""
        return self.part("object_attributes")

    @property
    def project(self) -> str:
        """Its path with its groups. Raises PayloadError when it is not said."""
        return need(self.part("project").get("path_with_namespace"), "project.path_with_namespace")

    @property
    def name(self) -> str:
        """The project's, which is the service's."""
        return self.project.rpartition("/")[2]

    def change(self, identity: str, **facts: Any) -> Change:
        """A change of this project; without an identity each delivery is one of its own."""
        user, project = self.part("user"), self.project
        actor = text(user.get("username") or self.payload.get("user_username"), 200)
        email = text(user.get("email") or self.payload.get("user_email"), 254)
        return Change(
            **{
                "source": SOURCE,
                "external_id": f"{project}:{identity}" if identity else "",
                "repository": project,
                "service": self.name,
                "actor": actor or text(self.payload.get("user_name") or user.get("name"), 200),
                # Of access tokens; see "Project access tokens" there.
                "actor_type": "automation" if "_bot_" in actor else "user" if actor else "",
                "actor_email": "" if email == _NOBODY else email,
                **facts,
            }
        )


def _deployment(hook: Hook) -> Change | str:
    payload = hook.payload
    state = need(payload.get("status"), "status")
    status = _DEPLOYMENTS.get(state)
    if status is None:
        return f"The deployment is {state[:50]}, which is no change of its own."
    at = instant(payload.get("status_changed_at"))
    environment, version = text(payload.get("environment"), 100), text(payload.get("short_sha"), 40)
    commit_url = text(payload.get("commit_url"), 2000)
    return hook.change(
        f"deployment/{need(payload.get('deployment_id'), 'deployment_id')}",
        kind="deployment",
        title=f"{hook.name} {version} to {environment}",
        body=first_line(payload.get("commit_title")),
        status=status,
        started_at=at,
        ended_at=at if status in TERMINAL else None,
        environment=environment,
        version=version,
        commit=commit_url.rpartition("/")[2][:100] if "/commit/" in commit_url else version,
        labels=only("tier", text(payload.get("environment_tier"), 100), (environment,)),
        links=web_links(
            (payload.get("environment_external_url"), "environment"),
            (payload.get("deployable_url"), "job"),
            (commit_url, "commit"),
        ),
    )


def _push(hook: Hook) -> Change | str:
    payload = hook.payload
    ref, after = need(payload.get("ref"), "ref"), need(payload.get("after"), "after")
    branch = ref.removeprefix("refs/heads/")
    if after == _NOTHING or branch != text(hook.part("project").get("default_branch"), 300):
        return f"{ref[:100]} is not the default branch."
    commits = rows(payload.get("commits"))
    head = table(commits[-1]) if commits else {}
    count = text(payload.get("total_commits_count"), 20) or str(len(commits))
    subject = first_line(head.get("message"))
    return hook.change(
        f"push/{branch}/{after}",
        kind="code",
        action="pushed",
        title=f"{count} commit{'s' * (count != '1')} pushed to {branch} of {hook.name}: {subject}",
        started_at=instant(head.get("timestamp")),
        commit=after,
        subject=f"branch {branch}",
        links=web_links((head.get("url"), "commit")),
        data={"before": text(payload.get("before"), 100), "commits": commits_of(commits)},
    )


def _tag_push(hook: Hook) -> Change:
    tag = need(hook.payload.get("ref"), "ref").removeprefix("refs/tags/")
    action = "deleted" if hook.payload.get("after") == _NOTHING else "created"
    return hook.change(
        "",
        kind="tag",
        action=action,
        title=f"Tag {tag} of {hook.name} {action}",
        version=tag,
        commit=text(hook.payload.get("checkout_sha"), 100),
        subject=f"tag {tag}",
    )


def _release(hook: Hook) -> Change | str:
    payload = hook.payload
    action = text(payload.get("action"), 50) or "create"
    if action not in ("create", "delete"):
        return f"{action}: a release that is only edited is not recorded."
    tag = need(payload.get("tag"), "tag")
    made = action == "create"
    identity = f"release/{need(payload.get('id'), 'id')}"
    return hook.change(
        identity if made else f"{identity}/deleted",
        kind="release",
        action="published" if made else "deleted",
        title=f"{'Release' if made else 'Deleted release'} {tag} of {hook.name}",
        body=text(payload.get("description"), 20_000),
        started_at=instant(payload.get("released_at")) if made else None,
        version=tag,
        commit=text(hook.part("commit").get("id"), 100),
        links=web_links((payload.get("url"), "release")),
    )


def _pipeline(hook: Hook) -> Change | str:
    pipeline = hook.attributes
    state = need(pipeline.get("status"), "object_attributes.status")
    status = _PIPELINES.get(state)
    if status is None:
        return f"The pipeline is {state[:50]}, which is no change of its own."
    ref = text(pipeline.get("ref"), 300)
    identity = need(pipeline.get("id"), "object_attributes.id")
    name = text(pipeline.get("name"), 200) or f"Pipeline {identity}"
    return hook.change(
        f"pipeline/{identity}",
        kind="job",
        title=f"{name} of {hook.name} on {ref}",
        status=status,
        started_at=instant(pipeline.get("created_at")),
        ended_at=instant(pipeline.get("finished_at")) if status in TERMINAL else None,
        commit=text(pipeline.get("sha"), 100),
        subject=f"pipeline {identity}",
        links=web_links((pipeline.get("url"), "pipeline")),
        labels={"ref": ref, "trigger": text(pipeline.get("source"), 100)},
    )


def _merge_request(hook: Hook) -> Change | str:
    request = hook.attributes
    if request.get("action") != "merge":
        return "Only merged merge requests are recorded."
    target = text(request.get("target_branch"), 300)
    number = need(request.get("iid"), "object_attributes.iid")
    title = first_line(request.get("title"))
    commit = request.get("merge_commit_sha") or table(request.get("last_commit")).get("id")
    return hook.change(
        f"merge_request/{number}",
        kind="code",
        action="merged",
        title=f"!{number} merged into {target} of {hook.name}: {title}",
        body=text(request.get("description"), 4000),
        started_at=instant(request.get("merged_at")) or instant(request.get("updated_at")),
        commit=text(commit, 100),
        subject=f"merge request {number}",
        links=web_links((request.get("url"), "merge request")),
        data={"head": text(table(request.get("last_commit")).get("id"), 100)},
    )


def _feature_flag(hook: Hook) -> Change:
    flag = hook.attributes
    name, active = need(flag.get("name"), "object_attributes.name"), flag.get("active") is True
    return hook.change(
        "",
        kind="flag",
        action="enabled" if active else "disabled",
        title=f"Flag {name} of {hook.name} is {'on' if active else 'off'}",
        body=text(flag.get("description"), 4000),
        subject=f"flag {name}",
        before={"active": not active},
        after={"active": active},
    )


_READERS: Mapping[str, Callable[[Hook], Change | str]] = {
    "deployment": _deployment,
    "push": _push,
    "tag_push": _tag_push,
    "release": _release,
    "pipeline": _pipeline,
    "merge_request": _merge_request,
    "feature_flag": _feature_flag,
}
