"""People, teams and keys for tests."""

from itertools import count

from opsportal.accounts.actors import COMMAND_LINE
from opsportal.accounts.keys import create_key
from opsportal.accounts.models import ApiKey, Membership, Team, User
from opsportal.lib.times import utc_now

PASSWORD = "a-long-enough-word-9"
_numbers = count(1)


def make_person(role: str = "", team: Team | None = None, **fields) -> User:
    """A person; `role` is a role in the team, "administrator", or "" for none."""
    name = fields.pop("username", f"{role or 'outsider'}-{next(_numbers)}")
    if role == "administrator":
        return User.objects.create_superuser(name, password=PASSWORD, **fields)
    user = User.objects.create_user(name, password=PASSWORD, **fields)
    if role:
        team = team or make_team()
        Membership.objects.create(user=user, team=team, role=role)
    return user


def make_team(name: str = "") -> Team:
    """A team."""
    return Team.objects.create(name=name or f"team-{next(_numbers)}")


def make_key(*scopes: str, **options) -> tuple[ApiKey, str]:
    """A key and its text."""
    return create_key(
        options.pop("name", "sender"), scopes, actor=COMMAND_LINE, now=utc_now(), **options
    )


def bearer(text: str) -> dict[str, str]:
    """The header that carries the key, for Django's test client."""
    return {"Authorization": f"Bearer {text}"}
