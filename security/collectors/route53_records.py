"""Records of hosted zones: which names lead where.

Source: ResourceRecordSet and ListResourceRecordSets in the Route 53 API reference. A record is one
of its zone, name, type and set identifier: weighted, failover and regional ones share the rest.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Any

from opsportal.lib.aws import Access, Gone, unless_gone
from security.collectors import Call, Collector, Link, Network
from security.collectors.route53_names import canonical_name, plain_name, zone_id
from security.collectors.route53_zones import Zones
from security.normalise import Found, Shape

_ROUTING = {
    "weight": "Weight",
    "region": "Region",
    "geo": "GeoLocation",
    "proximity": "GeoProximityLocation",
    "failover": "Failover",
    "multivalue": "MultiValueAnswer",
    "cidr": "CidrRoutingConfig",
}


class Records(Collector):
    """Names. The resource id is "zone/type/name", and "/set identifier" where there is one."""

    slug = "aws.route53.record"
    label = "Route 53 records"
    noun = "record"
    service = "route53"
    regional = False
    interval = timedelta(minutes=30)
    shape = Shape(sets=("values",), operational=("ttl",))
    actions = ("route53:ListHostedZones", "route53:ListResourceRecordSets")
    gone = Zones.gone
    event_source = "route53"
    # A batch of changes names its records in three fields each: the zones are listed anew.
    calls = (Call("ChangeResourceRecordSets", ()),)

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All records of all zones."""
        for zone in access.rows("route53", "list_hosted_zones", "HostedZones"):
            identifier = zone_id(zone["Id"])
            private = bool((zone.get("Config") or {}).get("PrivateZone"))
            listing = access.pages(
                "route53", "list_resource_record_sets", "ResourceRecordSets",
                HostedZoneId=identifier,
            )  # fmt: skip
            try:
                first = unless_gone(partial(next, listing, ()), cls.gone)
            except Gone:
                continue
            for page in chain([first], listing):
                yield [_found(row, identifier, private=private) for row in page]

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One record."""
        identifier, kind, name, *_ = resource_id.split("/", 3)
        client = access.client("route53")
        zone = unless_gone(lambda: client.get_hosted_zone(Id=identifier), cls.gone)["HostedZone"]
        private = bool((zone.get("Config") or {}).get("PrivateZone"))
        rows = access.rows(
            "route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=identifier,
            StartRecordName=name, StartRecordType=kind,
        )  # fmt: skip
        for row in rows:
            if (canonical_name(row["Name"]), row["Type"]) != (name, kind):
                break
            found = _found(row, identifier, private=private)
            if found.resource_id == resource_id:
                return found
        raise Gone(f"There is no record {resource_id}.")

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Its zone, and what an alias leads to."""
        yield Link("zone", config["zone"])
        if config.get("alias"):
            yield Link("alias", config["alias"]["name"])

    @classmethod
    def networks(cls, config: Mapping[str, Any]) -> Iterator[Network]:
        """The addresses that it gives."""
        if config["type"] in ("A", "AAAA"):
            for value in config["values"]:
                yield Network("lists", value, config["name"])


def _found(row: Mapping[str, Any], zone: str, *, private: bool) -> Found:
    name, kind, part = canonical_name(row["Name"]), row["Type"], row.get("SetIdentifier")
    alias = row.get("AliasTarget")
    return Found(
        resource_id=f"{zone}/{kind}/{name}" + (f"/{part}" if part else ""),
        name=f"{plain_name(row['Name'])} {kind}",
        config={
            "zone": zone,
            "private": private,
            "name": name,
            "type": kind,
            "set_identifier": part,
            "ttl": row.get("TTL"),
            "values": [one["Value"] for one in row.get("ResourceRecords") or ()],
            "alias": {
                "name": plain_name(alias["DNSName"]),
                "zone": alias.get("HostedZoneId"),
                "evaluates_health": alias.get("EvaluateTargetHealth"),
            }
            if alias
            else None,
            "health_check": row.get("HealthCheckId"),
            "routing": {ours: row[theirs] for ours, theirs in _ROUTING.items() if theirs in row},
        },
    )
