"""What a change of a resource reaches: whoever refers to it, and whoever is behind those."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from security.collectors import collectors
from security.models import CloudResource, Relation

# Of one step.
MOST = 500
# What is in these is reached by what changes them: a prefix list's groups hold interfaces.
_HOLDERS = ("aws.ec2.securitygroup", "aws.iam.group")
# Who names a group as a peer is not in it.
_APART = ("peer",)


@dataclass(frozen=True, slots=True)
class Reached:
    """Resources of one technology, and by which relation they are reached."""

    label: str
    relation: str
    rows: Sequence[CloudResource]


@dataclass(frozen=True, slots=True)
class Behind:
    """All of it; `limited` when there is more than was looked at."""

    groups: Sequence[Reached]
    limited: bool

    @property
    def count(self) -> int:
        """How many resources."""
        return sum(len(group.rows) for group in self.groups)


def look_behind(resource: CloudResource) -> Behind:
    """What is behind it, by at most two queries."""
    first = _referring(resource, [name for name in (resource.resource_id, resource.arn) if name])
    holders = [
        name
        for row in first
        if row.source.technology in _HOLDERS and row.kind not in _APART
        for name in (row.source.resource_id, row.source.arn)
        if name
    ]
    second = _referring(resource, holders) if holders else []
    seen = {resource.pk}
    groups: dict[tuple[str, str], list[CloudResource]] = defaultdict(list)
    for row in [*first, *(row for row in second if row.kind not in _APART)]:
        if row.source_id not in seen:
            seen.add(row.source_id)
            groups[row.source.technology, row.kind].append(row.source)
    labels = {slug: collector.label for slug, collector in collectors().items()}
    return Behind(
        [
            Reached(labels.get(technology, technology), kind, rows)
            for (technology, kind), rows in sorted(groups.items())
        ],
        MOST in (len(first), len(second)),
    )


def _referring(resource: CloudResource, names: Sequence[str]) -> list[Relation]:
    found = Relation.objects.filter(
        target__in=list(names)[: 2 * MOST], source__account_id=resource.account_id
    ).exclude(source__state=CloudResource.State.DELETED)
    found = found.select_related("source").only(
        "kind", "target", "source__technology", "source__resource_id", "source__arn",
        "source__name", "source__region", "source__score", "source__state",
    )  # fmt: skip
    return list(found.order_by("id")[:MOST])
