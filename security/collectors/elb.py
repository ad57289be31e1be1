"""Classic load balancers.

Source: the Elastic Load Balancing API reference, version 2012-06-01. Which instances are registered
and whether they are healthy is no configuration.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, Unknown, facet
from security.collectors import Call, Collector, Link, found_each, only
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_BALANCER = ("requestParameters.loadBalancerName",)
_SERVICE = "elb"
# DescribeTags takes no more names at once.
_TAGGED = 20


class ClassicLoadBalancers(Collector):
    """Load balancers of the first generation."""

    slug = "aws.elb.loadbalancer"
    label = "Classic load balancers"
    noun = "classic load balancer"
    service = _SERVICE
    shape = Shape(
        sets=("groups", "subnets", "zones", "listeners.*.policies", "backends.*.policies"),
        # As they are offered to clients, one after the other.
        sequences=("tls.*.protocols", "tls.*.ciphers"),
        operational=("tags", "health_check", "attributes.connection_draining",
                     "attributes.cross_zone", "attributes.idle_timeout"),
    )  # fmt: skip
    actions = (
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancerPolicies",
        "elasticloadbalancing:DescribeTags",
    )
    gone = ("LoadBalancerNotFound", "AccessPointNotFound")
    event_source = "elasticloadbalancing"
    calls = tuple(
        Call(name, _BALANCER, deletes=name == "DeleteLoadBalancer")
        for name in (
            "CreateLoadBalancer", "DeleteLoadBalancer", "CreateLoadBalancerListeners",
            "DeleteLoadBalancerListeners", "SetLoadBalancerListenerSSLCertificate",
            "SetLoadBalancerPoliciesOfListener", "SetLoadBalancerPoliciesForBackendServer",
            "CreateLoadBalancerPolicy", "DeleteLoadBalancerPolicy",
            "ModifyLoadBalancerAttributes", "ApplySecurityGroupsToLoadBalancer",
            "AttachLoadBalancerToSubnets", "DetachLoadBalancerFromSubnets", "ConfigureHealthCheck",
        )
    )  # fmt: skip

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All of them."""
        pages = access.pages(
            _SERVICE, "describe_load_balancers", "LoadBalancerDescriptions",
            PaginationConfig={"PageSize": 400},
        )  # fmt: skip
        for page in pages:
            yield _described(page, access)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One."""
        row = only(
            access, _SERVICE, "describe_load_balancers", "LoadBalancerDescriptions",
            gone=cls.gone, LoadBalancerNames=[resource_id],
        )  # fmt: skip
        return _described([row], access)[0]

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Where it is, what guards it, and its certificates."""
        if config["vpc"]:
            yield Link("vpc", config["vpc"])
        for kind, name in (("security group", "groups"), ("subnet", "subnets")):
            for target in config[name]:
                yield Link(kind, target)
        for listener in config["listeners"].values():
            if listener["certificate"]:
                yield Link("certificate", listener["certificate"])


def _described(rows: Sequence[Mapping[str, Any]], access: Access) -> list[Found]:
    tags = _tags([str(row["LoadBalancerName"]) for row in rows], access)
    return found_each(lambda row: _found(row, access, tags), rows)


def _tags(names: Sequence[str], access: Access) -> dict[str, dict[str, str]] | Unknown:
    def ask() -> dict[str, dict[str, str]]:
        found = {}
        for start in range(0, len(names), _TAGGED):
            answer = access.client(_SERVICE).describe_tags(
                LoadBalancerNames=names[start : start + _TAGGED]
            )
            for row in answer["TagDescriptions"]:
                found[row["LoadBalancerName"]] = tag_table(row.get("Tags"))
        return found

    found: dict[str, dict[str, str]] | Unknown = facet(
        ask, action="elasticloadbalancing:DescribeTags"
    )
    return found


def _found(
    row: Mapping[str, Any], access: Access, tags: dict[str, dict[str, str]] | Unknown
) -> Found:
    name = str(row["LoadBalancerName"])
    own = tags if isinstance(tags, Unknown) else tags.get(name, {})
    used = {policy for inner in row.get("ListenerDescriptions", [])
            for policy in inner.get("PolicyNames", [])}  # fmt: skip
    return Found(
        resource_id=name,
        arn=f"arn:{access.partition}:elasticloadbalancing:{access.region}:{access.account_id}"
        f":loadbalancer/{name}",
        name=name,
        tags={} if isinstance(own, Unknown) else own,
        config={
            "dns_name": row.get("DNSName"),
            "scheme": row.get("Scheme"),
            "vpc": row.get("VPCId"),
            "zones": list(row.get("AvailabilityZones", [])),
            "subnets": list(row.get("Subnets", [])),
            "groups": list(row.get("SecurityGroups", [])),
            "listeners": {
                str(inner["Listener"]["LoadBalancerPort"]): _listener(inner)
                for inner in row.get("ListenerDescriptions", [])
            },
            "backends": {
                str(inner.get("InstancePort")): {"policies": list(inner.get("PolicyNames", []))}
                for inner in row.get("BackendServerDescriptions", [])
            },
            "health_check": _health(row.get("HealthCheck") or {}),
            "attributes": facet(
                lambda: _attributes(name, access),
                action="elasticloadbalancing:DescribeLoadBalancerAttributes",
                gone=ClassicLoadBalancers.gone,
            ),
            "tls": facet(
                lambda: _tls(name, sorted(used), access),
                action="elasticloadbalancing:DescribeLoadBalancerPolicies",
                gone=ClassicLoadBalancers.gone,
            ),
            "tags": own,
        },
    )


def _listener(inner: Mapping[str, Any]) -> dict[str, Any]:
    listener = inner["Listener"]
    return {
        "protocol": str(listener.get("Protocol", "")).upper(),
        "instance_protocol": str(listener.get("InstanceProtocol", "")).upper(),
        "instance_port": listener.get("InstancePort"),
        "certificate": listener.get("SSLCertificateId"),
        "policies": list(inner.get("PolicyNames", [])),
    }


def _health(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "target": row.get("Target"),
        "interval_seconds": row.get("Interval"),
        "timeout_seconds": row.get("Timeout"),
    }


def _attributes(name: str, access: Access) -> dict[str, Any]:
    answer = access.client(_SERVICE).describe_load_balancer_attributes(LoadBalancerName=name)
    row = answer["LoadBalancerAttributes"]
    log = row.get("AccessLog") or {}
    return {
        "access_log": log.get("Enabled", False),
        "access_log_bucket": log.get("S3BucketName"),
        "cross_zone": (row.get("CrossZoneLoadBalancing") or {}).get("Enabled"),
        "connection_draining": (row.get("ConnectionDraining") or {}).get("Enabled"),
        "idle_timeout": (row.get("ConnectionSettings") or {}).get("IdleTimeout"),
        **{str(more["Key"]): more.get("Value") for more in row.get("AdditionalAttributes", [])},
    }


def _tls(name: str, used: Sequence[str], access: Access) -> dict[str, Any]:
    """What the listeners' policies of TLS allow, by the attributes that AWS lists of each."""
    if not used:
        return {}
    answer = access.client(_SERVICE).describe_load_balancer_policies(
        LoadBalancerName=name, PolicyNames=list(used)
    )
    found = {}
    for policy in answer["PolicyDescriptions"]:
        if policy.get("PolicyTypeName") != "SSLNegotiationPolicyType":
            continue
        attributes = {
            row["AttributeName"]: row.get("AttributeValue", "")
            for row in policy.get("PolicyAttributeDescriptions", [])
        }
        allowed = [key for key, value in attributes.items() if value.lower() == "true"]
        found[policy["PolicyName"]] = {
            "reference": attributes.get("Reference-Security-Policy"),
            "protocols": sorted(
                key.removeprefix("Protocol-") for key in allowed if key.startswith("Protocol-")
            ),
            "ciphers": [
                key
                for key in allowed
                if not key.startswith("Protocol-") and key != "Server-Defined-Cipher-Order"
            ],
            "server_order": "Server-Defined-Cipher-Order" in allowed,
        }
    return found
