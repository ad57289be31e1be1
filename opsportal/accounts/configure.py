"""Teams in configuration files: `teams: [{name, description, members}]`."""

from typing import Any

from opsportal.accounts.models import Membership, Team, User
from opsportal.accounts.teams import delete_team, save_team
from opsportal.lib.configfile import Deed, Mask
from opsportal.lib.confignode import Node

_Role = Membership.Role


class TeamSection:
    """A member is a username (a responder) or `{user, role}`."""

    slug = "teams"
    keys = ("name", "description", "members")

    def read(self, mask: Mask) -> list[dict[str, Any]]:
        """The teams by name."""
        del mask  # a team has no secrets
        members: dict[int, list[str | dict[str, str]]] = {}
        for found in Membership.objects.select_related("user").order_by("user__username"):
            name, role = found.user.get_username(), found.role
            plain = role == _Role.RESPONDER
            members.setdefault(found.team_id, []).append(
                name if plain else {"user": name, "role": role}
            )
        entries = []
        for team in Team.objects.order_by("name"):
            entry: dict[str, Any] = {"name": team.name}
            if team.description:
                entry["description"] = team.description
            entries.append({**entry, "members": members.get(team.pk, [])})
        return entries

    def write(self, entry: Node, deed: Deed) -> None:
        """Make one team so."""
        given = entry.mapping(known=self.keys)
        name = entry.named()
        team = Team.objects.filter(name=name).first() or Team(name=name)
        if "description" in given:
            team.description = given["description"].optional_text()
        roles = _roles(given["members"]) if "members" in given else None
        save_team(team, roles, actor=deed.actor, now=deed.now)

    def remove(self, name: str, deed: Deed) -> None:
        """Remove the team; what it owned belongs to nobody then."""
        delete_team(Team.objects.get(name=name), actor=deed.actor, now=deed.now)


def find_team(node: Node) -> Team | None:
    """The team that an entry names; null is none."""
    name = node.optional_text()
    if not name:
        return None
    team = Team.objects.filter(name=name).first()
    if team is None:
        known = ", ".join(Team.objects.values_list("name", flat=True)[:20]) or "none"
        raise node.error(f'no team "{name}"; add it under teams (known: {known})')
    return team


def _roles(members: Node) -> dict[int, str]:
    roles: dict[int, str] = {}
    for member in members.items():
        user, role = _member(member)
        if user.pk in roles:
            raise member.error(f'"{user.get_username()}" is a member already; remove one')
        roles[user.pk] = role
    return roles


def _member(member: Node) -> tuple[User, str]:
    named, role = member, str(_Role.RESPONDER)
    if isinstance(member.value, dict):
        given = member.mapping(known=["user", "role"], needed=["user"])
        named = given["user"]
        if "role" in given:
            role = given["role"].text()
            if role not in _Role.values:
                raise given["role"].error(f'no role "{role}"; write {", ".join(_Role.values)}')
    name = named.text(least=1)
    user = User.objects.filter(username=name).first()
    if user is None:
        raise named.error(f'no user "{name}"; create the user first')
    return user, role
