"""Names in the zones of Route 53. Source: its API reference, "ListResourceRecordSets"."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from certs.normalise import Found, FoundName
from certs.sources.aws.base import ACCOUNT_OPTIONS, AwsSource
from certs.sources.aws.listening import host_of
from certs.sources.source import Option
from opsportal.lib.aws import Access
from opsportal.lib.aws.errors import says_gone

# What may lead to a server; alias records have one of these types, too.
TYPES = ("A", "AAAA", "CNAME")
_ESCAPED = re.compile(r"\\(\d{3})", re.ASCII)


class Zones(AwsSource):
    """Host names of public zones, to be proposed as targets."""

    slug = "aws-route53"
    label = "Amazon Route 53"
    noun = "record"
    help = "Names of A, AAAA, CNAME and alias records: proposed where they lie below our domains."
    options = (
        *ACCOUNT_OPTIONS,
        Option(
            "private_zones", "Private zones as well", kind="truth", default=False,
            help="Where the portal resolves their names.",
        ),
    )  # fmt: skip
    actions = ("route53:ListHostedZones", "route53:ListResourceRecordSets")

    def look_in(self, access: Access, options: Mapping[str, Any]) -> Iterator[Found]:
        """Zone by zone, each name once."""
        private = options.get("private_zones") is True
        for zone in access.rows("route53", "list_hosted_zones", "HostedZones"):
            if private or not (zone.get("Config") or {}).get("PrivateZone"):
                yield from _names(access, zone)


def _names(access: Access, zone: Mapping[str, Any]) -> Iterator[Found]:
    known: set[str] = set()
    zone_id = zone["Id"].rpartition("/")[2]
    for row in _records(access, zone_id):
        name = host_name(row["Name"])
        if row["Type"] in TYPES and name and name not in known:
            known.add(name)
            locator = f"arn:{access.partition}:route53:::hostedzone/{zone_id} {row['Type']} {name}"
            yield FoundName(name, locator)


def _records(access: Access, zone_id: str) -> Iterator[Mapping[str, Any]]:
    """Every record; none where the zone is gone by now."""
    try:
        yield from access.rows(
            "route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone_id
        )
    except ClientError as error:
        if not says_gone(error, ("NoSuchHostedZone",)):
            raise


def host_name(name: str) -> str:
    """As Route 53 writes it, without its escapes and last dot; empty for what is no host name.

    No host has an underscore (RFC 1123), but records that prove something do.
    """
    host = host_of(_ESCAPED.sub(lambda found: chr(int(found[1], 8)), name))
    return "" if "*" in host or "_" in host or "." not in host else host
