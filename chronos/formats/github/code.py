"""What happens to code: pushes, merges, releases, branches, tags, packages, workflow runs."""

from chronos.formats.github.hook import Hook, Reader, short
from chronos.formats.reading import commits_of, first_line, need, web_links
from chronos.normalise import CANCELLED, FAILED, STARTED, SUCCEEDED, UNKNOWN, Change
from opsportal.lib.fields import instant, rows, table, text, unix_instant

_CONCLUSIONS = {
    "success": SUCCEEDED, "neutral": SUCCEEDED, "failure": FAILED, "timed_out": FAILED,
    "startup_failure": FAILED, "cancelled": CANCELLED, "stale": CANCELLED,
}  # fmt: skip
_RELEASES = {
    "published": "Release",
    "deleted": "Deleted release",
    "unpublished": "Withdrawn release",
}


def read_ping(hook: Hook) -> str:
    """What GitHub sends first."""
    del hook
    return "pong"


def read_push(hook: Hook) -> Change | str:
    """To the default branch; a tag is told of by `create`."""
    ref = need(hook.payload.get("ref"), "ref")
    branch = ref.removeprefix("refs/heads/")
    if hook.payload.get("deleted") is True or branch != hook.default_branch:
        return f"{ref[:100]} is not the default branch."
    head = hook.part("head_commit")
    commits = commits_of(hook.payload.get("commits"))
    count = len(rows(hook.payload.get("commits")))
    pusher = hook.part("pusher")
    pushed = hook.part("repository").get("pushed_at")
    subject = first_line(head.get("message"))
    return hook.change(
        f"push/{branch}/{need(hook.payload.get('after'), 'after')}",
        kind="code",
        action="pushed",
        title=f"{_commits(count)} pushed to {branch} of {hook.name}: {subject}".removesuffix(": "),
        started_at=unix_instant(pushed) or instant(pushed) or instant(head.get("timestamp")),
        actor_email=text(pusher.get("email"), 254),
        commit=text(hook.payload.get("after"), 100),
        subject=f"branch {branch}",
        links=web_links((hook.payload.get("compare"), "comparison")),
        labels={"forced": "true"} if hook.payload.get("forced") is True else {},
        data={"before": hook.word("before"), "commits": commits},
    )


def read_pull_request(hook: Hook) -> Change | str:
    """Merged ones."""
    pull = hook.part("pull_request")
    if hook.word("action") != "closed" or pull.get("merged") is not True:
        return "Only merged pull requests are recorded."
    base = text(table(pull.get("base")).get("ref"), 300)
    number = need(pull.get("number"), "pull_request.number")
    return hook.change(
        f"pull/{number}",
        pull.get("merged_by"),
        kind="code",
        action="merged",
        title=f"#{number} merged into {base} of {hook.name}: {first_line(pull.get('title'))}",
        body=text(pull.get("body"), 4000),
        started_at=instant(pull.get("merged_at")),
        commit=text(pull.get("merge_commit_sha"), 100),
        subject=f"pull request {number}",
        links=web_links((pull.get("html_url"), "pull request")),
        data={"head": text(table(pull.get("head")).get("sha"), 100)},
    )


def read_release(hook: Hook) -> Change | str:
    """Published, and taken away again; the other actions go with one of these."""
    action = hook.word("action")
    if action not in _RELEASES:
        return f"A release that was {action[:50]} is not recorded; one that is published is."
    release = hook.part("release")
    tag = need(release.get("tag_name"), "release.tag_name")
    identity = f"release/{need(release.get('id'), 'release.id')}"
    published = action == "published"
    return hook.change(
        identity if published else f"{identity}/{action}",
        None if not published else release.get("author"),
        kind="release",
        action=action,
        title=f"{_RELEASES[action]} {tag} of {hook.name}",
        body=text(release.get("body"), 20_000),
        started_at=instant(release.get("published_at")) if published else None,
        version=tag,
        tags=("prerelease",) if release.get("prerelease") is True else (),
        links=web_links((release.get("html_url"), "release")),
    )


def read_workflow_run(hook: Hook) -> Change | str:
    """One change for each attempt."""
    run = hook.part("workflow_run")
    identity = need(run.get("id"), "workflow_run.id")
    attempt = text(run.get("run_attempt"), 20) or "1"
    conclusion = text(run.get("conclusion"), 50)
    over = hook.word("action") == "completed"
    if over and conclusion in ("skipped", "action_required"):
        return f"The workflow run is {conclusion}: nothing ran."
    name = text(run.get("name"), 200) or text(hook.part("workflow").get("name"), 200) or "workflow"
    branch = text(run.get("head_branch"), 300)
    return hook.change(
        f"workflow_run/{identity}/{attempt}",
        run.get("triggering_actor") or run.get("actor"),
        kind="job",
        title=f"{name} #{text(run.get('run_number'), 20)} of {hook.name} on {branch}",
        status=_CONCLUSIONS.get(conclusion, UNKNOWN) if over else STARTED,
        started_at=instant(run.get("run_started_at")) or instant(run.get("created_at")),
        ended_at=instant(run.get("updated_at")) if over else None,
        commit=text(run.get("head_sha"), 100),
        subject=f"workflow {text(run.get('path'), 200) or name}",
        links=web_links((run.get("html_url"), "workflow run")),
        labels={"branch": branch, "event": text(run.get("event"), 100)},
    )


def read_create(hook: Hook) -> Change | str:
    """Of a branch or tag."""
    return _ref(hook, "created")


def read_delete(hook: Hook) -> Change | str:
    """Of a branch or tag."""
    return _ref(hook, "deleted")


def _ref(hook: Hook, action: str) -> Change | str:
    kind = hook.word("ref_type")
    if kind not in ("branch", "tag"):
        return f"A {kind[:50] or 'thing'} that was {action} is not recorded."
    ref = need(hook.payload.get("ref"), "ref")
    return hook.change(
        # The same name may be made and deleted again: each delivery is a change.
        "",
        kind=kind,
        action=action,
        title=f"{kind.capitalize()} {ref} of {hook.name} {action}",
        version=ref if kind == "tag" else "",
        subject=f"{kind} {ref}",
    )


def read_package(hook: Hook) -> Change | str:
    """A version in GitHub's registry."""
    package = hook.part("registry_package") or hook.part("package")
    version = table(package.get("package_version"))
    name = need(package.get("name"), "registry_package.name")
    number = text(version.get("version"), 200)
    action = hook.word("action") or "published"
    return hook.change(
        f"package/{need(version.get('id') or number, 'package_version.id')}/{action}",
        version.get("author"),
        kind="artifact",
        action=action,
        title=f"{name} {short(number) if ':' in number else number} {action}",
        service=text(hook.part("repository").get("name"), 200) or name,
        version=number,
        artifact=text(version.get("package_url"), 500),
        started_at=instant(version.get("created_at")) or instant(package.get("updated_at")),
        subject=f"package {name}",
        links=web_links((version.get("html_url"), "package")),
        labels={"ecosystem": text(package.get("ecosystem"), 100)},
    )


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count} commits"


CODE_READERS: dict[str, Reader] = {
    "ping": read_ping,
    "push": read_push,
    "pull_request": read_pull_request,
    "release": read_release,
    "workflow_run": read_workflow_run,
    "create": read_create,
    "delete": read_delete,
    "registry_package": read_package,
    "package": read_package,
}
