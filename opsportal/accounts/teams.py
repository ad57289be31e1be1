"""Teams are changed here, with a trail."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError

from opsportal.accounts.actors import Actor
from opsportal.accounts.audit import record_audit
from opsportal.accounts.models import Membership, Team
from opsportal.lib.errors import ConflictError, FieldError, PayloadError


def save_team(
    team: Team, roles: Mapping[int, str] | None = None, *, actor: Actor, now: datetime
) -> bool:
    """Store a new or changed team; whether anything was different.

    `roles` (user id -> role) replace its memberships; None leaves them alone. Raises PayloadError.
    """
    with transaction.atomic():
        stored = Team.objects.select_for_update().filter(pk=team.pk).first()
        before = team_state(stored) if stored else None
        try:
            team.full_clean()
        except ValidationError as error:
            errors = [FieldError(name, text[0]) for name, text in error.message_dict.items()]
            raise PayloadError(f"The team is not right: {errors[0].message}", errors) from error
        team.save()
        if roles is not None:
            _set_roles(team, roles)
        after = team_state(team)
        if before == after:
            return False
        action = "change" if before else "create"
        record_audit(actor, action, team, before=before, after=after, now=now)
    return True


def delete_team(team: Team, *, actor: Actor, now: datetime) -> None:
    """Remove a team; what it owned belongs to nobody then.

    Raises ConflictError while something needs it, such as a rule that pages it.
    """
    with transaction.atomic():
        record_audit(actor, "delete", team, before=team_state(team), now=now)
        try:
            team.delete()
        except ProtectedError as error:
            users = ", ".join(sorted(str(found) for found in error.protected_objects)[:5])
            raise ConflictError(f"The team {team.name} is needed by: {users}.") from error


def team_state(team: Team) -> dict[str, Any]:
    """A team with its members, for the trail."""
    members = team.memberships.select_related("user").order_by("user__username")
    return {
        "name": team.name,
        "description": team.description,
        "members": {found.user.get_username(): found.role for found in members},
    }


def _set_roles(team: Team, roles: Mapping[int, str]) -> None:
    team.memberships.exclude(user_id__in=roles).delete()
    known = dict(team.memberships.values_list("user_id", "role"))
    for user_id, role in roles.items():
        if known.get(user_id) != role:
            Membership.objects.update_or_create(team=team, user_id=user_id, defaults={"role": role})
