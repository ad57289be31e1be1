"""Hosted zones of Route 53, without their records.

Source: HostedZone, GetHostedZone, GetDNSSEC and ListQueryLoggingConfigs in the Route 53 API
reference.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from opsportal.lib.aws import Access, Unknown, facet, unless_gone
from security.collectors import Call, Collector, Link, found_each
from security.collectors.route53_names import canonical_name, plain_name, zone_id
from security.normalise import Found, Shape

_ZONE = ("requestParameters.hostedZoneId",)


class Zones(Collector):
    """Domains whose names Route 53 answers for."""

    slug = "aws.route53.zone"
    label = "Route 53 zones"
    noun = "hosted zone"
    service = "route53"
    regional = False
    interval = timedelta(minutes=30)
    shape = Shape(
        sets=("vpcs", "signing_keys", "query_logs"),
        cosmetic=("comment",),
        keys={"vpcs": ("id",), "signing_keys": ("name",)},
    )
    actions = (
        "route53:ListHostedZones",
        "route53:GetHostedZone",
        "route53:GetDNSSEC",
        "route53:ListQueryLoggingConfigs",
    )
    gone = ("NoSuchHostedZone",)
    event_source = "route53"
    calls = (
        Call("CreateHostedZone", ("responseElements.hostedZone.id",)),
        Call("UpdateHostedZoneComment", ("requestParameters.id",)),
        Call("AssociateVPCWithHostedZone", _ZONE),
        Call("DisassociateVPCFromHostedZone", _ZONE),
        Call("EnableHostedZoneDNSSEC", _ZONE),
        Call("DisableHostedZoneDNSSEC", _ZONE),
        Call("CreateKeySigningKey", _ZONE),
        Call("ActivateKeySigningKey", _ZONE),
        Call("DeactivateKeySigningKey", _ZONE),
        Call("DeleteKeySigningKey", _ZONE),
        Call("CreateQueryLoggingConfig", _ZONE),
        Call("DeleteHostedZone", ("requestParameters.id",), deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All zones."""
        logs = facet(lambda: _logs(access), action="route53:ListQueryLoggingConfigs")
        for page in access.pages("route53", "list_hosted_zones", "HostedZones"):
            yield found_each(lambda row: _found(row, access, logs), page)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One zone."""
        client = access.client("route53")
        zone = unless_gone(lambda: client.get_hosted_zone(Id=resource_id), cls.gone)["HostedZone"]
        logs = facet(lambda: _logs(access), action="route53:ListQueryLoggingConfigs")
        return _found(zone, access, logs)

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """The VPCs that it is for."""
        for row in config.get("vpcs") or ():
            yield Link("vpc", row["id"])

    @classmethod
    def resource_of(cls, identifier: str) -> str:
        """The zone's id, without "/hostedzone/"."""
        return zone_id(identifier)


def _logs(access: Access) -> dict[str, list[str]]:
    """Groups of logs by zone."""
    found: dict[str, list[str]] = {}
    for row in access.rows("route53", "list_query_logging_configs", "QueryLoggingConfigs"):
        found.setdefault(row["HostedZoneId"], []).append(row["CloudWatchLogsLogGroupArn"])
    return found


def _found(zone: Mapping[str, Any], access: Access, logs: Any) -> Found:
    identifier, client = zone_id(zone["Id"]), access.client("route53")
    settings = zone.get("Config") or {}
    private = bool(settings.get("PrivateZone"))
    more: dict[str, Any] = {"vpcs": [], "signing": None, "signing_keys": None}
    if private:
        more["vpcs"] = facet(
            lambda: [
                {"id": row.get("VPCId"), "region": row.get("VPCRegion")}
                for row in client.get_hosted_zone(Id=identifier).get("VPCs") or ()
            ],
            action="route53:GetHostedZone",
            gone=Zones.gone,
        )
    else:
        signed = facet(
            lambda: _signing(client.get_dnssec(HostedZoneId=identifier)),
            action="route53:GetDNSSEC",
            gone=Zones.gone,
        )
        unknown = isinstance(signed, Unknown)
        more |= dict.fromkeys(("signing", "signing_keys"), signed) if unknown else signed
    return Found(
        resource_id=identifier,
        arn=f"arn:{access.partition}:route53:::hostedzone/{identifier}",
        name=plain_name(zone["Name"]),
        config={
            "name": canonical_name(zone["Name"]),
            "private": private,
            "comment": settings.get("Comment", ""),
            "query_logs": logs if isinstance(logs, Unknown) else logs.get(identifier, []),
            **more,
        },
    )


def _signing(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "signing": (answer.get("Status") or {}).get("ServeSignature"),
        "signing_keys": [
            {"name": row.get("Name"), "status": row.get("Status"), "kms": row.get("KmsArn")}
            for row in answer.get("KeySigningKeys") or ()
        ],
    }
