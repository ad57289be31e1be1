"""Sentry's releases and deploys.

Contract: "Releases" of Sentry's API reference, as sentry-cli 3.8 sends and reads it. A release is
under way from when it is created until it is finalized (`dateReleased`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chronos.formats import ChangeFormat
from chronos.formats.reading import commits_of, need, only, read_object, web_links
from chronos.normalise import STARTED, SUCCEEDED, Change, ChangeReceipt
from opsportal.lib.contracts import Parsed, Received, Reply, places_of
from opsportal.lib.errors import OpsError
from opsportal.lib.fields import instant, rows, table, text
from opsportal.lib.times import format_instant

SOURCE = "sentry"
MOST_PROJECTS = 50
_ORGANIZATION = "/api/0/organizations/<org>/releases/"


class SentryFormat(ChangeFormat):
    """What releases and deploys have in common."""

    def refuse(self, error: OpsError) -> Reply:
        """`detail`, and what is wrong with each field."""
        fields = {found.field: [found.message] for found in error.errors if found.field}
        return Reply(error.status, msgspec.json.encode({"detail": error.message, **fields}))


class SentryReleaseFormat(SentryFormat):
    """`POST .../releases/` creates one, `PUT .../releases/VERSION/` finalizes it."""

    slug = "sentry"
    label = "Sentry releases"
    methods = frozenset({"POST", "PUT"})
    view = "chronos.api.sentry.releases"
    paths = tuple(
        f"{prefix}{_ORGANIZATION}{one}" for prefix in ("", "/sentry") for one in ("<version>/", "")
    )

    def parse(self, received: Received) -> Parsed:
        """One release of an organization."""
        given, places = read_object(received.body), places_of(self.paths, received.path)
        version = places.get("version") or need(given.get("version"), "version")
        if given.get("status") == "archived":
            note = "A release that is archived is no change."
            return Parsed(many=False, sender_key=version, note=note)
        change = _release(places["org"], version, given)
        return Parsed(many=False, sender_key=version, changes=[change])

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """201 with the release where it is new."""
        change = next(iter(parsed.changes), None)
        new = any(found.outcome == "recorded" for found in receipts)
        body = described_release(
            parsed.sender_key,
            change.data.get("projects", []) if change else [],
            change.started_at if change else None,
            change.ended_at if change else None,
        )
        return Reply(201 if new else 200, msgspec.json.encode(body))


class SentryDeployFormat(SentryFormat):
    """`POST .../releases/VERSION/deploys/`: a release was brought to an environment."""

    slug = "sentry_deploy"
    label = "Sentry deploys"
    paths = tuple(f"{prefix}{_ORGANIZATION}<version>/deploys/" for prefix in ("", "/sentry"))
    view = "chronos.api.sentry.deploys"

    def parse(self, received: Received) -> Parsed:
        """A deployment of each of its projects."""
        given, places = read_object(received.body), places_of(self.paths, received.path)
        environment = need(given.get("environment"), "environment")
        org, version = places["org"], places["version"]
        services = _projects(given) or [package_of(version) or org]
        ended_at = instant(given.get("dateFinished")) or received.now
        started_at = instant(given.get("dateStarted")) or ended_at
        number = number_of(version)
        changes = [
            Change(
                kind="deployment",
                title=f"{service} {number} to {environment}",
                body=text(given.get("name"), 1000),
                source=SOURCE,
                status=SUCCEEDED,
                started_at=min(started_at, ended_at),
                ended_at=ended_at,
                service=service,
                environment=environment[:100],
                version=number,
                correlation_id=identity_of(org, version)[:200],
                links=web_links((given.get("url"), text(given.get("name"), 100) or "deploy")),
                data={"organization": org, "release": version},
            )
            for service in services
        ]
        return Parsed(many=False, changes=changes, sender_key=text(given.get("name"), 200))

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """201 with the deploy; its number is ours of the first project."""
        change: Change = parsed.changes[0]
        body = {
            "id": str(receipts[0].event_id),
            "environment": change.environment,
            "name": parsed.sender_key or None,
            "url": change.links[0]["href"] if change.links else None,
            "dateStarted": _said(change.started_at),
            "dateFinished": _said(change.ended_at),
        }
        return Reply(201, msgspec.json.encode(body))


def _release(org: str, version: str, given: Mapping[str, Any]) -> Change:
    projects = _projects(given)
    ended_at = instant(given.get("dateReleased"))
    service = projects[0] if len(projects) == 1 else package_of(version)
    ref = table(next(iter(rows(given.get("refs"))), None))
    number = number_of(version)
    commits = commits_of(given.get("commits"))
    commit = text(ref.get("commit") or given.get("ref"), 100)
    return Change(
        kind="release",
        title=f"Release {number} of {service}" if service else f"Release {number}",
        source=SOURCE,
        external_id=identity_of(org, version),
        status=SUCCEEDED if ended_at else STARTED,
        started_at=instant(given.get("dateStarted")) or instant(given.get("dateCreated")),
        ended_at=ended_at,
        service=service,
        version=number,
        commit=commit,
        repository=text(ref.get("repository"), 300),
        correlation_id=identity_of(org, version)[:200],
        subject=f"release {version}",
        links=web_links((given.get("url"), "release")),
        labels=only("projects", ", ".join(projects), (service,)),
        data={
            "organization": org,
            "release": version,
            **({"projects": projects} if projects else {}),
            **({"commits": commits} if commits else {}),
        },
    )


def identity_of(org: str, version: str) -> str:
    """What a release is recognised by."""
    return f"{org}:{version}"


def package_of(version: str) -> str:
    """Of `package@1.2.3+7` the package; empty without one."""
    return version.rpartition("@")[0][:200]


def number_of(version: str) -> str:
    """Of `package@1.2.3+7` what is left."""
    return version.rpartition("@")[2][:200] or version[:200]


def described_release(
    version: str, projects: Sequence[str], started_at: Any = None, ended_at: Any = None
) -> dict[str, Any]:
    """A release as sentry-cli reads it."""
    return {
        "version": version,
        "shortVersion": number_of(version),
        "projects": [{"slug": name, "name": name} for name in projects],
        "dateCreated": _said(started_at) or "1970-01-01T00:00:00.000000Z",
        "dateStarted": _said(started_at),
        "dateReleased": _said(ended_at),
        "lastEvent": None,
        "newGroups": 0,
    }


def _projects(given: Mapping[str, Any]) -> list[str]:
    found = (text(name, 200).strip() for name in rows(given.get("projects"))[:MOST_PROJECTS])
    return [name for name in dict.fromkeys(found) if name]


def _said(instant_: Any) -> str | None:
    return format_instant(instant_) if instant_ else None
