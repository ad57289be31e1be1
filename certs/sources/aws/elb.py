"""Load balancers: classic, application and network ones, by the listeners that end TLS.

Source: the API references of Elastic Load Balancing, versions 2012-06-01 and 2015-12-01.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from certs.normalise import Found
from certs.sources.aws.base import ACCOUNT_OPTIONS, ERRORS, REGIONS, AwsSource, facts
from certs.sources.aws.bodies import Bodies
from certs.sources.aws.listening import Listener, found_at
from certs.sources.source import Option
from opsportal.lib.aws import Access, side_by_side
from opsportal.lib.aws.errors import says_gone

_GONE = ("LoadBalancerNotFound", "ListenerNotFound")
_TLS = ("HTTPS", "TLS", "SSL")


class LoadBalancers(AwsSource):
    """Their listeners as places of the certificates they use, and as endpoints to look at."""

    slug = "aws-elb"
    label = "AWS load balancers"
    noun = "listener"
    help = "Listeners of classic, application and network load balancers that end TLS."
    options = (
        *ACCOUNT_OPTIONS,
        REGIONS,
        Option(
            "internal", "Look at internal ones", kind="truth", default=False,
            help="Where the portal reaches them; else only those that face the Internet.",
        ),
    )  # fmt: skip
    actions = (
        "acm:GetCertificate",
        "elasticloadbalancing:DescribeListenerCertificates",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeLoadBalancers",
        "iam:GetServerCertificate",
    )

    def look_in(self, access: Access, options: Mapping[str, Any]) -> Iterator[Found]:
        """Both generations, even where one cannot be listed."""
        bodies, internal = Bodies(access), options.get("internal") is True
        failed: Exception | None = None
        for listeners in (_classic(access, internal), _current(access, internal)):
            try:
                for listener in listeners:
                    yield from found_at(self, listener, bodies)
            except ERRORS as error:
                failed = failed or error
        if failed is not None:
            raise failed


def _classic(access: Access, internal: bool) -> Iterator[Listener]:
    for row in access.rows("elb", "describe_load_balancers", "LoadBalancerDescriptions"):
        name = row["LoadBalancerName"]
        arn = f"arn:{access.partition}:elasticloadbalancing:{access.region}:{access.account_id}"
        for about in row.get("ListenerDescriptions") or ():
            listener = about["Listener"]
            if not (certificate := listener.get("SSLCertificateId")):
                continue
            port = int(listener["LoadBalancerPort"])
            yield Listener(
                # Its listeners have no ARNs of their own.
                f"{arn}:loadbalancer/{name}:{port}",
                row["DNSName"].lower(),
                port,
                (certificate,),
                internal or row.get("Scheme") != "internal",
                facts=facts(
                    load_balancer=name, type="classic", dns_name=row["DNSName"], port=port,
                    protocol=listener.get("Protocol"), region=access.region,
                ),
            )  # fmt: skip


def _current(access: Access, internal: bool) -> Iterator[Listener]:
    for page in access.pages("elbv2", "describe_load_balancers", "LoadBalancers"):
        for found in side_by_side(lambda row: _listeners(access, row, internal), page):
            yield from found


def _listeners(access: Access, balancer: Mapping[str, Any], internal: bool) -> list[Listener]:
    """Those that end TLS; none where it is gone by now."""
    arn = balancer["LoadBalancerArn"]
    try:
        rows = list(access.rows("elbv2", "describe_listeners", "Listeners", LoadBalancerArn=arn))
        return [
            _listener(access, balancer, row, internal)
            for row in rows
            if row.get("Protocol") in _TLS
        ]
    except ClientError as error:
        if says_gone(error, _GONE):
            return []
        raise


def _listener(
    access: Access, balancer: Mapping[str, Any], row: Mapping[str, Any], internal: bool
) -> Listener:
    """With the certificates that it serves by SNI, beside its default one."""
    arn = row["ListenerArn"]
    more = access.rows(
        "elbv2", "describe_listener_certificates", "Certificates", ListenerArn=arn
    )  # fmt: skip
    certificates = [*(row.get("Certificates") or ()), *more]
    return Listener(
        arn,
        balancer["DNSName"].lower(),
        int(row["Port"]),
        tuple(dict.fromkeys(each["CertificateArn"] for each in certificates)),
        internal or balancer.get("Scheme") != "internal",
        facts=facts(
            load_balancer=balancer.get("LoadBalancerName"), type=balancer.get("Type"),
            dns_name=balancer["DNSName"], port=row["Port"], protocol=row.get("Protocol"),
            policy=row.get("SslPolicy"), region=access.region,
        ),
    )  # fmt: skip
