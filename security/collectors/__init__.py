"""What reads the configuration of one technology: a class for each, listed in settings.COLLECTORS.

A collector only reads, and only translates: what AWS answers becomes `Found`. What is stored, what
counts as changed or gone, is the engine's (`security/collect`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple

from botocore.exceptions import ClientError

from opsportal.lib.aws import Access, Gone, side_by_side
from opsportal.lib.aws.errors import says_gone
from opsportal.lib.registry import plugins
from security.normalise import Found, Shape

_AT_A_TIME = 50


class Link(NamedTuple):
    """Something that a resource refers to, by the other's resource id."""

    kind: str
    target: str


class Network(NamedTuple):
    """A network or address that a resource has, admits, reaches or lists (`AddressUse.Role`)."""

    role: str
    cidr: str
    note: str = ""


class Call(NamedTuple):
    """A call of AWS's API that changes resources of a technology, and where it names them.

    `paths` lead into CloudTrail's record, such as "requestParameters.groupId"; `*` stands for each
    row of a list. `deletes`: the call is a proof that the resource is gone.
    """

    name: str
    paths: tuple[str, ...]
    deletes: bool = False


class Collector:
    """Base of the collectors."""

    slug: ClassVar[str]  # such as "aws.ec2.securitygroup"
    label: ClassVar[str]
    # What people call one of them.
    noun: ClassVar[str]
    service: ClassVar[str]
    regional: ClassVar[bool] = True
    interval: ClassVar[timedelta] = timedelta(minutes=15)
    # Its listing may be hours old: what it does not have is asked for by id before it is called
    # gone.
    listing_lags: ClassVar[bool] = False
    shape: ClassVar[Shape] = Shape()
    # The permissions that it needs, for the policy that the account's page prints.
    actions: ClassVar[tuple[str, ...]]
    # Codes by which `fetch` is told that the resource is not there.
    gone: ClassVar[tuple[str, ...]] = ()
    # `eventSource` of its calls in CloudTrail, without ".amazonaws.com".
    event_source: ClassVar[str] = ""
    calls: ClassVar[tuple[Call, ...]] = ()

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All there are, page by page. Raises what boto3 raises: nothing is left out silently."""
        raise NotImplementedError

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One, asked for by its id. Raises Gone when AWS says that it is not there."""
        raise NotImplementedError

    @classmethod
    def is_kept(cls, config: Mapping[str, Any]) -> bool:
        """Whether one that is not known yet is to be kept; what is known always is."""
        return True

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """What it refers to."""
        return iter(())

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        """Addresses that people look for."""
        return iter(())

    @classmethod
    def words(cls, path: str, element: Mapping[str, Any]) -> str:
        """What people call an element of the set at that path; parts of it may be left out.

        Empty: it is told by its names and values.
        """
        return ""

    @classmethod
    def resource_of(cls, identifier: str) -> str:
        """The resource id of what CloudTrail's record calls `identifier`."""
        return identifier


def collectors() -> dict[str, type[Collector]]:
    """Slug -> collector, in the order in which they are asked."""
    return plugins("COLLECTORS")


def collector_of(slug: str) -> type[Collector] | None:
    """The collector of that technology; None when it is no longer among them."""
    return collectors().get(slug)


def found_in(
    describe: Callable[[Any], Found], pages: Iterable[Sequence[Any]]
) -> Iterator[Sequence[Found]]:
    """Each row of each page described, and handed on some at a time: AWS's pages are long where
    every row costs calls of its own."""
    for page in pages:
        for start in range(0, len(page), _AT_A_TIME):
            yield found_each(describe, page[start : start + _AT_A_TIME])


def found_each(describe: Callable[[Any], Found], rows: Iterable[Any]) -> list[Found]:
    """Each row described, a few side by side; what is gone by then is left out."""

    def describe_or_not(row: Any) -> Found | None:
        try:
            return describe(row)
        except Gone:
            return None

    return [found for found in side_by_side(describe_or_not, rows) if found is not None]


def only(
    access: Access, service: str, operation: str, key: str, *, gone: Collection[str], **options: Any
) -> Mapping[str, Any]:
    """The one row that is asked for by its id. Raises Gone when AWS says that it is not there."""
    try:
        row = next(access.rows(service, operation, key, **options), None)
    except ClientError as error:
        if says_gone(error, gone):
            raise Gone(str(error)) from error
        raise
    if row is None:
        raise Gone(f"{operation} knows of none: {options}")
    found: Mapping[str, Any] = row
    return found
