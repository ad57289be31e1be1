"""Trails: which calls of AWS's API are written down, where, and whether they are at present.

Source: DescribeTrails, ListTrails, GetTrailStatus, GetEventSelectors and GetInsightSelectors in the
CloudTrail API reference. Trails of all regions are listed at once, since what counts is whether any
of them covers the account; those of its organization count too.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opsportal.lib.aws import Access, facet, unless_gone
from security.collectors import Call, Collector, Link, found_each
from security.normalise import Found, Shape

_NAME = ("requestParameters.name",)
_ANSWERED = ("responseElements.trailARN", *_NAME)
_SELECTED = ("responseElements.trailARN", "requestParameters.trailName")
_FACETS = {
    "name": "Name",
    "bucket": "S3BucketName",
    "prefix": "S3KeyPrefix",
    "topic": "SnsTopicARN",
    "global_services": "IncludeGlobalServiceEvents",
    "multi_region": "IsMultiRegionTrail",
    "organization": "IsOrganizationTrail",
    "validation": "LogFileValidationEnabled",
    "log_group": "CloudWatchLogsLogGroupArn",
    "log_role": "CloudWatchLogsRoleArn",
    "key": "KmsKeyId",
}
# Of a field of an advanced selector.
_OPERATORS = ("Equals", "NotEquals", "StartsWith", "NotStartsWith", "EndsWith", "NotEndsWith")


class Trails(Collector):
    """Who is told what was done. The resource id is the trail's ARN."""

    slug = "aws.cloudtrail.trail"
    label = "CloudTrail trails"
    noun = "trail"
    service = "cloudtrail"
    regional = False
    shape = Shape(
        sets=(
            "selectors",
            "selectors.*.data",
            "selectors.*.data.*.values",
            "selectors.*.excluded",
            "advanced_selectors",
            "advanced_selectors.*.fields",
            *(f"advanced_selectors.*.fields.*.{name.lower()}" for name in _OPERATORS),
            "insights",
        ),
        keys={"advanced_selectors": ("name",)},
    )
    actions = (
        "cloudtrail:DescribeTrails",
        "cloudtrail:ListTrails",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetInsightSelectors",
    )
    gone = ("TrailNotFoundException",)
    event_source = "cloudtrail"
    calls = (
        Call("CreateTrail", _ANSWERED),
        Call("UpdateTrail", _ANSWERED),
        Call("StartLogging", _NAME),
        Call("StopLogging", _NAME),
        Call("PutEventSelectors", _SELECTED),
        Call("PutInsightSelectors", _SELECTED),
        Call("DeleteTrail", _NAME, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All trails: those that show here, and those that only write down another region."""
        shown = access.client("cloudtrail").describe_trails()["trailList"]
        yield found_each(lambda row: _found(row, access), shown)
        known = {row["TrailARN"] for row in shown}
        others = [
            row["TrailARN"]
            for row in access.rows("cloudtrail", "list_trails", "Trails")
            if row["TrailARN"] not in known
        ]
        yield found_each(lambda arn: cls.fetch(access, arn), others)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One trail, asked for where it is at home."""
        cloudtrail = replace(access, region=_home(resource_id)).client("cloudtrail")
        trail = unless_gone(lambda: cloudtrail.get_trail(Name=resource_id), cls.gone)["Trail"]
        return _found(trail, access)

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """The account that it covers, and where it writes to."""
        yield Link("account", config["account"])
        for name in ("bucket", "topic", "key", "log_role"):
            if config.get(name):
                yield Link(name.replace("_", " "), config[name])

    @classmethod
    def resource_of(cls, identifier: str) -> str:
        """Calls name a trail by its ARN or its name; by the name alone it is not known whose."""
        return identifier if identifier.startswith("arn:") else ""


def _home(arn: str) -> str:
    return arn.split(":")[3]


def _found(row: Mapping[str, Any], access: Access) -> Found:
    arn = row["TrailARN"]
    home = _home(arn)
    client = replace(access, region=home).client("cloudtrail")
    selectors = facet(
        lambda: client.get_event_selectors(TrailName=arn),
        action="cloudtrail:GetEventSelectors",
        gone=Trails.gone,
    )
    known = isinstance(selectors, dict)
    return Found(
        resource_id=arn,
        arn=arn,
        name=row.get("Name", ""),
        config={
            "account": access.account_id,
            "home_region": home,
            **{ours: row.get(theirs) for ours, theirs in _FACETS.items()},
            "logging": facet(
                lambda: client.get_trail_status(Name=arn)["IsLogging"],
                action="cloudtrail:GetTrailStatus",
                gone=Trails.gone,
            ),
            "selectors": (
                [_basic(one) for one in selectors.get("EventSelectors") or ()]
                if known
                else selectors
            ),
            "advanced_selectors": (
                [_advanced(one) for one in selectors.get("AdvancedEventSelectors") or ()]
                if known
                else selectors
            ),
            "insights": facet(
                lambda: [
                    one["InsightType"]
                    for one in client.get_insight_selectors(TrailName=arn).get("InsightSelectors")
                    or ()
                ],
                action="cloudtrail:GetInsightSelectors",
                absent=("InsightNotEnabledException",),
                gone=Trails.gone,
            ),
        },
    )


def _basic(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "read_write": row.get("ReadWriteType"),
        "management": row.get("IncludeManagementEvents"),
        "data": [
            {"type": one.get("Type"), "values": list(one.get("Values") or ())}
            for one in row.get("DataResources") or ()
        ],
        "excluded": list(row.get("ExcludeManagementEventSources") or ()),
    }


def _advanced(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": row.get("Name", ""),
        "fields": [
            {
                "field": one["Field"],
                **{name.lower(): one[name] for name in _OPERATORS if one.get(name)},
            }
            for one in row.get("FieldSelectors") or ()
        ],
    }
