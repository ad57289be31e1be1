"""Application, network and gateway load balancers.

Source: the Elastic Load Balancing API reference, version 2015-12-01. State, health of targets and
resolved addresses are no configuration.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from opsportal.lib.aws import Access, Unknown, facet
from security.collectors import Call, Collector, Link, found_each, only
from security.collectors.elbv2_listeners import certificates_of, listener_config, rules_of
from security.collectors.tags import tag_table
from security.normalise import Found, Shape

_SERVICE = "elbv2"
# DescribeTags takes no more ARNs at once.
_TAGGED = 20
_BALANCER = ("requestParameters.loadBalancerArn",)
_LISTENER = ("requestParameters.listenerArn",)
_RULE = ("requestParameters.ruleArn",)


class LoadBalancers(Collector):
    """Load balancers of the second generation, with their listeners."""

    slug = "aws.elbv2.loadbalancer"
    label = "Load balancers"
    noun = "load balancer"
    service = _SERVICE
    shape = Shape(
        sets=(
            "groups", "subnets", "zones", "ssl_policies.*.protocols", "certificates.*",
            "rules.*.*.conditions", "rules.*.*.conditions.*.values",
        ),
        # Actions are done in order, and ciphers are offered in it.
        sequences=("listeners.*.actions", "rules.*.*.actions", "ssl_policies.*.ciphers",
                   "listeners.*.alpn", "listeners.*.actions.*.targets",
                   "rules.*.*.actions.*.targets"),
        operational=("tags",),
    )  # fmt: skip
    actions = tuple(
        f"elasticloadbalancing:{action}"
        for action in (
            "DescribeLoadBalancers", "DescribeLoadBalancerAttributes", "DescribeListeners",
            "DescribeRules", "DescribeListenerCertificates", "DescribeSSLPolicies", "DescribeTags",
        )
    )  # fmt: skip
    gone = ("LoadBalancerNotFound",)
    event_source = "elasticloadbalancing"
    calls = (
        Call("CreateLoadBalancer", ("responseElements.loadBalancers.*.loadBalancerArn",)),
        Call("ModifyLoadBalancerAttributes", _BALANCER),
        Call("SetSecurityGroups", _BALANCER),
        Call("SetSubnets", _BALANCER),
        Call("SetIpAddressType", _BALANCER),
        Call("CreateListener", _BALANCER),
        Call("ModifyListener", _LISTENER),
        Call("DeleteListener", _LISTENER),
        Call("AddListenerCertificates", _LISTENER),
        Call("RemoveListenerCertificates", _LISTENER),
        Call("CreateRule", _LISTENER),
        Call("ModifyRule", _RULE),
        Call("DeleteRule", _RULE),
        Call("SetRulePriorities", ("requestParameters.rulePriorities.*.ruleArn",)),
        Call("DeleteLoadBalancer", _BALANCER, deletes=True),
    )

    @classmethod
    def pages(cls, access: Access) -> Iterator[Sequence[Found]]:
        """All of them."""
        policies = _ssl_policies(access)
        pages = access.pages(
            _SERVICE, "describe_load_balancers", "LoadBalancers",
            PaginationConfig={"PageSize": 400},
        )  # fmt: skip
        for page in pages:
            yield _described(page, access, policies)

    @classmethod
    def fetch(cls, access: Access, resource_id: str) -> Found:
        """One, by its ARN."""
        row = only(
            access, _SERVICE, "describe_load_balancers", "LoadBalancers",
            gone=cls.gone, LoadBalancerArns=[resource_id],
        )  # fmt: skip
        return _described([row], access, _ssl_policies(access))[0]

    @classmethod
    def resource_of(cls, identifier: str) -> str:
        """The balancer of a listener or rule, whose ARNs begin with it."""
        head, kind, tail = identifier.partition(":listener")
        if not kind:
            return identifier
        # "/app/front/50dc6c495c0c9188/f2f7dc8efc522ab2", behind "-rule" for a rule.
        parts = tail.removeprefix("-rule").split("/")
        return f"{head}:loadbalancer/{'/'.join(parts[1:4])}"

    @classmethod
    def links(cls, config: Mapping[str, Any]) -> Iterator[Link]:
        """Where it is, what guards it, its certificates and targets."""
        if config["vpc"]:
            yield Link("vpc", config["vpc"])
        for kind, name in (("security group", "groups"), ("subnet", "subnets")):
            for target in config[name]:
                yield Link(kind, target)
        for port in (config.get("certificates") or {}).values():
            for certificate in port:
                yield Link("certificate", certificate)
        for listener in (config.get("listeners") or {}).values():
            for action in listener["actions"]:
                for target in action["targets"]:
                    yield Link("target group", target)


def _ssl_policies(access: Access) -> dict[str, dict[str, Any]] | Unknown:
    """What each policy of TLS allows: AWS's own list, since it adds some every year."""

    def ask() -> dict[str, dict[str, Any]]:
        return {
            row["Name"]: {
                "protocols": list(row.get("SslProtocols", [])),
                "ciphers": [cipher["Name"] for cipher in row.get("Ciphers", [])],
            }
            for row in access.rows(_SERVICE, "describe_ssl_policies", "SslPolicies")
        }

    found: dict[str, dict[str, Any]] | Unknown = facet(
        ask, action="elasticloadbalancing:DescribeSSLPolicies"
    )
    return found


def _described(
    rows: Sequence[Mapping[str, Any]],
    access: Access,
    policies: dict[str, dict[str, Any]] | Unknown,
) -> list[Found]:
    tags = _tags([str(row["LoadBalancerArn"]) for row in rows], access)
    return found_each(lambda row: _found(row, access, tags, policies), rows)


def _tags(arns: Sequence[str], access: Access) -> dict[str, dict[str, str]] | Unknown:
    def ask() -> dict[str, dict[str, str]]:
        found = {}
        for start in range(0, len(arns), _TAGGED):
            answer = access.client(_SERVICE).describe_tags(
                ResourceArns=arns[start : start + _TAGGED]
            )
            for row in answer["TagDescriptions"]:
                found[row["ResourceArn"]] = tag_table(row.get("Tags"))
        return found

    found: dict[str, dict[str, str]] | Unknown = facet(
        ask, action="elasticloadbalancing:DescribeTags"
    )
    return found


def _found(
    row: Mapping[str, Any],
    access: Access,
    tags: dict[str, dict[str, str]] | Unknown,
    policies: dict[str, dict[str, Any]] | Unknown,
) -> Found:
    arn = str(row["LoadBalancerArn"])
    own = tags if isinstance(tags, Unknown) else tags.get(arn, {})
    gone = LoadBalancers.gone
    listeners: Any = facet(
        lambda: list(
            access.rows(_SERVICE, "describe_listeners", "Listeners", LoadBalancerArn=arn)
        ),
        action="elasticloadbalancing:DescribeListeners",
        gone=gone,
    )  # fmt: skip
    return Found(
        resource_id=arn,
        arn=arn,
        name=str(row.get("LoadBalancerName", "")),
        tags={} if isinstance(own, Unknown) else own,
        config={
            "dns_name": row.get("DNSName"),
            "type": row.get("Type"),
            "scheme": row.get("Scheme"),
            "vpc": row.get("VpcId"),
            "address_type": row.get("IpAddressType"),
            "zones": [inner["ZoneName"] for inner in row.get("AvailabilityZones", [])],
            "subnets": [
                inner["SubnetId"]
                for inner in row.get("AvailabilityZones", [])
                if inner.get("SubnetId")
            ],
            "groups": list(row.get("SecurityGroups", [])),
            "attributes": facet(
                lambda: _attributes(arn, access),
                action="elasticloadbalancing:DescribeLoadBalancerAttributes",
                gone=gone,
            ),
            **_of_listeners(listeners, access),
            "ssl_policies": _used(policies, listeners),
            "tags": own,
        },
    )


def _attributes(arn: str, access: Access) -> dict[str, Any]:
    answer = access.client(_SERVICE).describe_load_balancer_attributes(LoadBalancerArn=arn)
    return {row["Key"]: row.get("Value") for row in answer["Attributes"]}


def _of_listeners(listeners: Any, access: Access) -> dict[str, Any]:
    """The facets that are known by listeners' ports only."""
    if isinstance(listeners, Unknown):
        return {"listeners": listeners, "rules": listeners, "certificates": listeners}
    return {
        "listeners": {str(row.get("Port", 0)): listener_config(row) for row in listeners},
        "rules": facet(
            lambda: {str(row.get("Port", 0)): rules_of(row, access) for row in listeners},
            action="elasticloadbalancing:DescribeRules",
        ),
        "certificates": facet(
            lambda: {
                str(row.get("Port", 0)): certificates_of(row, access)
                for row in listeners
                if row.get("Certificates")
            },
            action="elasticloadbalancing:DescribeListenerCertificates",
        ),
    }


def _used(policies: dict[str, dict[str, Any]] | Unknown, listeners: Any) -> Any:
    """What the policies allow that its listeners have."""
    if isinstance(listeners, Unknown):
        return listeners
    if isinstance(policies, Unknown):
        return policies
    used = {row["SslPolicy"] for row in listeners if row.get("SslPolicy")}
    return {name: policies[name] for name in sorted(used) if name in policies}
