"""A collector of a cloud that the test makes up, with whatever can go wrong there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from opsportal.lib.aws import Access, Gone
from opsportal.lib.outbox import claim_due
from security.collect import plan_collections, run_collection
from security.collectors import Call, Collector, Link, Network
from security.models import CloudAccount, CloudResource, Collection, Scope
from security.normalise import Found, Shape
from security.tasks import CollectionOutbox
from tests.alerts.moto import REGION
from tests.security.collecting import NOW

THINGS = "tests.security.things.Things"


def refusal(code: str, message: str = "no", status: int = 400, operation: str = "ListThings"):
    """An answer of AWS's that is an error."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r-1"},
        },
        operation,
    )


DENIED = refusal("AccessDenied", "User x is not authorized to perform: test:ListThings", 403)
THROTTLED = refusal("Throttling", "Rate exceeded")


@dataclass
class Sky:
    """What is there, and how it answers."""

    there: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Beside the configuration of each: names, tags, unique ids ...
    about: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Not listed, though there.
    hidden: set[str] = field(default_factory=set)
    page: int = 100
    # What is raised in place of the page of that number, or of all that are fetched.
    fails: dict[int, Exception] = field(default_factory=dict)
    fetch_fails: Exception | None = None
    listings: int = 0
    fetched: list[str] = field(default_factory=list)
    # Called with the number of the listing, or of the page, before it is answered.
    before_listing: Callable[[int], object] | None = None
    before_page: Callable[[int], object] | None = None

    def found(self, name: str) -> Found:
        """One."""
        return Found(resource_id=name, config=dict(self.there[name]), **self.about.get(name, {}))

    def fill(self, number: int) -> list[str]:
        """So many things."""
        names = [f"t-{index:04}" for index in range(number)]
        self.there = {name: {"size": 1} for name in names}
        return names


class Things(Collector):
    """Whatever the test says."""

    slug = "test.thing"
    label = "Things"
    noun = "thing"
    service = "test"
    actions = ("test:ListThings", "test:GetThing")
    gone = ("NoSuchThing",)
    calls = (Call("DeleteThing", ("requestParameters.id",), deletes=True),)
    shape = Shape(
        sets=("rules",),
        ephemeral=("seen",),
        secrets=("password",),
        policies=("policy",),
        keys={"rules": ("port",)},
    )
    sky: ClassVar[Sky] = Sky()

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        sky = cls.sky
        sky.listings += 1
        if sky.before_listing:
            sky.before_listing(sky.listings)
        names = [name for name in sorted(sky.there) if name not in sky.hidden]
        for number, start in enumerate(range(0, len(names) or 1, sky.page)):
            if sky.before_page:
                sky.before_page(number)
            if number in sky.fails:
                raise sky.fails[number]
            yield [sky.found(name) for name in names[start : start + sky.page]]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        sky = cls.sky
        sky.fetched.append(resource_id)
        if sky.fetch_fails:
            raise sky.fetch_fails
        if resource_id not in sky.there:
            raise Gone("NoSuchThing")
        return sky.found(resource_id)

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        for target in config.get("friends") or ():
            yield Link("friend", target)

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        for rule in config.get("rules") or ():
            yield Network("admits", rule["peer"], f"tcp {rule['port']}")


def account(account_id: str = "123456789012", name: str = "main", **fields: Any) -> CloudAccount:
    """An account in which things are watched."""
    given = {"regions": [REGION], **fields}
    return CloudAccount.objects.create(account_id=account_id, name=name, **given)


def sweep(now: datetime = NOW) -> list[Collection]:
    """Collect all of every scope."""
    plan_collections(now=now)
    Scope.objects.filter(enabled=True).update(next_at=now)
    plan_collections(now=now)
    return work(now)


def work(now: datetime, clock: Callable[[], datetime] | None = None) -> list[Collection]:
    """Do what is due, as the worker does."""
    done = []
    while rows := claim_due(CollectionOutbox(), now, 1):
        for row in rows:
            run_collection(row, clock=clock or (lambda: now))
            done.append(Collection.objects.get(pk=row.pk))
    return done


def state(name: str) -> str:
    """Of that thing."""
    return CloudResource.objects.get(resource_id=name).state


def states() -> dict[str, int]:
    """How many there are in each state."""
    found: dict[str, int] = {}
    for word in CloudResource.objects.values_list("state", flat=True):
        found[word] = found.get(word, 0) + 1
    return found
