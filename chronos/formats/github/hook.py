"""What every event of GitHub's has: a repository and a sender."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chronos.formats.reading import need
from chronos.normalise import Change
from opsportal.lib.fields import table, text

SOURCE = "github"


@dataclass(frozen=True, slots=True)
class Hook:
    """One delivery."""

    payload: Mapping[str, Any]

    def part(self, name: str) -> Mapping[str, Any]:
        """The object of that name; empty when there is none."""
        return table(self.payload.get(name))

    def word(self, name: str) -> str:
        """The text of that name."""
        return text(self.payload.get(name), 300)

    @property
    def repository(self) -> str:
        """`owner/name`. Raises PayloadError when it is not said."""
        return need(self.part("repository").get("full_name"), "repository.full_name")

    @property
    def name(self) -> str:
        """The repository's, which is the service's where nothing else is said."""
        return text(self.part("repository").get("name"), 200) or self.repository.rpartition("/")[2]

    @property
    def default_branch(self) -> str:
        """To which what counts is pushed."""
        repository = self.part("repository")
        return text(repository.get("default_branch") or repository.get("master_branch"), 300)

    def change(self, identity: str, by: object = None, **facts: Any) -> Change:
        """A change of this repository, by this account or else the sender.

        Without an identity in it each delivery is a change of its own.
        """
        account = table(by) or self.part("sender")
        repository = self.repository
        login = text(account.get("login"), 200)
        kind = text(account.get("type"), 20)
        return Change(
            **{
                "source": SOURCE,
                "external_id": f"{repository}:{identity}" if identity else "",
                "repository": repository,
                "service": self.name,
                "actor": login,
                "actor_type": _ACTORS.get("Bot" if login.endswith("[bot]") else kind, ""),
                **facts,
            }
        )


_ACTORS = {"Bot": "automation", "User": "user"}
# What a reader finds: a change, or why there is none.
Reader = Callable[[Hook], Change | str]


def short(sha: object) -> str:
    """A commit as people write it."""
    return text(sha, 100)[:12]
