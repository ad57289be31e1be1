"""A document in an operator's hands: locked, at where its episode stands, with a trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.alerta.find import find_document
from alerts.alerta.follow import Row, add_rows, follow_episode, history_row
from alerts.alerta.settle import lock_episode
from alerts.formats.alerta.write import to_millisecond
from alerts.models import AlertaAlert
from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.lib.errors import ForbiddenError


@dataclass(frozen=True, slots=True)
class Operator:
    """Who asks for it, when; a team's may act on what is its team's or nobody's."""

    actor: Actor
    now: datetime
    team_id: int | None = None

    @property
    def moment(self) -> datetime:
        """Of what is written."""
        return to_millisecond(self.now)


def hold_document(number: str, operator: Operator) -> AlertaAlert:
    """The document, locked with its episode, and at where that stands.

    Raises NotFoundError, ForbiddenError.
    """
    document = find_document(number, lock=True)
    episode = lock_episode(document)
    owner = document.team_id if episode is None else episode.team_id
    if operator.team_id is not None and owner not in (None, operator.team_id):
        raise ForbiddenError("This alert is another team's.")
    follow_episode(document, episode)
    return document


def write_row(
    document: AlertaAlert,
    kind: str,
    operator: Operator,
    text: str,
    timeout: int | None,
    number: str = "",
) -> Row:
    """A row of history."""
    row = history_row(
        document,
        kind,
        at=operator.moment,
        number=number,
        text=text,
        user=operator.actor.name,
        timeout=timeout,
    )
    if kind not in ("note", "dismiss"):
        document.updated_at = operator.moment
    add_rows(document, [row], operator.now)
    return row


def state_of(document: AlertaAlert) -> dict[str, str]:
    """For the trail."""
    return {"severity": document.severity, "status": document.status}


def audit_document(
    document: AlertaAlert,
    action: str,
    operator: Operator,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """An entry of the trail."""
    record_audit(operator.actor, action, document, before=before, after=after, now=operator.now)
