"""What senders call kinds and outcomes, in our words."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from chronos.normalise import CANCELLED, FAILED, KINDS, PLANNED, STARTED, STATUSES, SUCCEEDED

_STATUS_OF: Mapping[str, str] = MappingProxyType(
    {name: name for name in STATUSES}
    | dict.fromkeys(
        (
            "success", "successful", "ok", "pass", "passed", "done", "complete", "completed",
            "finished", "resolved", "fixed", "applied", "deployed", "approved", "healthy",
        ),
        SUCCEEDED,
    )
    | dict.fromkeys(
        (
            "failure", "fail", "error", "errored", "errors", "broken", "unhealthy", "rejected",
            "denied", "timeout", "timedout", "timed_out",
        ),
        FAILED,
    )
    | dict.fromkeys(
        ("cancel", "canceled", "abort", "aborted", "skipped", "skip", "abandoned", "stopped"),
        CANCELLED,
    )
    | dict.fromkeys(
        ("start", "running", "in_progress", "inprogress", "progressing", "ongoing", "begun"),
        STARTED,
    )
    | dict.fromkeys(("queued", "pending", "waiting", "scheduled", "created", "requested"), PLANNED)
)  # fmt: skip
_KIND_OF: Mapping[str, str] = MappingProxyType(
    {name: name for name in KINDS}
    | dict.fromkeys(("deploy", "deploys", "deployed", "deployments", "deploying"), "deployment")
    | dict.fromkeys(("rolledback", "rolled_back", "rollbacks", "revert", "reverted"), "rollback")
    | dict.fromkeys(("released", "releases", "version"), "release")
    | dict.fromkeys(("configuration", "settings", "setting", "configs"), "config")
    | dict.fromkeys(("feature_flag", "featureflag", "flags", "toggle"), "flag")
    | dict.fromkeys(("abtest", "ab_test", "experiments"), "experiment")
    | dict.fromkeys(("migrations", "migrated", "schema"), "migration")
    | dict.fromkeys(("infrastructure", "terraform", "environment"), "infra")
    | dict.fromkeys(("scaled", "scaling", "autoscaling"), "scale")
    | dict.fromkeys(("restarted", "reboot", "rebooted"), "restart")
    | dict.fromkeys(("jobs", "cron", "batch", "pipeline", "build"), "job")
    | dict.fromkeys(("cert", "certificates", "tls"), "certificate")
    | dict.fromkeys(("outage", "incidents"), "incident")
    | dict.fromkeys(("annotation", "comment", "notes"), "note")
)  # fmt: skip
_APART = re.compile(r"[^a-z0-9]+")


def status_of(word: str) -> str:
    """Ours for theirs, letters' case aside; empty for what nobody knows."""
    return _STATUS_OF.get(_joined(word), "")


def known_kind(word: str) -> str:
    """Ours for theirs; empty for what nobody knows."""
    return _KIND_OF.get(_joined(word), "")


def kind_of(word: str, *, version: str, otherwise: str) -> str:
    """The kind that is said; else a deployment where there is a version, which nothing else has.

    A word of the sender's own is a kind as well.
    """
    said = known_kind(word) or _joined(word)
    return said or ("deployment" if version else otherwise)


def _joined(word: str) -> str:
    return _APART.sub("_", word.lower()).strip("_")
