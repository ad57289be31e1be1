"""Load balancers: which certificates their listeners use, and where they are to be looked at."""

import pytest
from cryptography.x509 import DNSName

from certs.normalise import FoundCertificate, FoundEndpoint, FoundName, FoundTrouble
from certs.sources.aws.elb import LoadBalancers
from tests.alerts.moto import ACCOUNT, REGION
from tests.certs.aws.clouds import (
    answering,
    import_to_acm,
    leaf,
    look,
    look_until,
    of_kind,
    upload_to_iam,
)
from tests.certs.aws.test_acm import refused


@pytest.fixture
def subnets(cloud):
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]


def balancer(cloud, subnets, name="web", **options):
    found = cloud.client("elbv2").create_load_balancer(Name=name, Subnets=subnets, **options)
    return found["LoadBalancers"][0]


def listener(cloud, made, port, protocol, *certificates):
    elb = cloud.client("elbv2")
    answer = elb.create_listener(
        LoadBalancerArn=made["LoadBalancerArn"], Port=port, Protocol=protocol,
        Certificates=[{"CertificateArn": arn} for arn in certificates[:1]],
        DefaultActions=[
            {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
        ],
    )  # fmt: skip
    arn = answer["Listeners"][0]["ListenerArn"]
    if certificates[1:]:
        elb.add_listener_certificates(
            ListenerArn=arn, Certificates=[{"CertificateArn": each} for each in certificates[1:]]
        )
    return arn


def test_each_certificate_of_a_listener_is_placed_there_and_looked_at_by_its_name(cloud, subnets):
    shop, wide = leaf("shop.example", "www.shop.example"), leaf("*.tools.example")
    first, second = import_to_acm(cloud, shop), import_to_acm(cloud, wide)
    made = balancer(cloud, subnets)
    arn = listener(cloud, made, 443, "HTTPS", first, second)
    listener(cloud, made, 80, "HTTP")
    found = look(LoadBalancers(), regions=[REGION])
    placed = of_kind(found, FoundCertificate)
    assert {(each.locator, each.parsed.sha256) for each in placed} == {
        (arn, shop.parsed.sha256),
        (arn, wide.parsed.sha256),
    }
    assert [(each.facts["certificate"], each.facts["default"]) for each in placed] == [
        (first, True),
        (second, False),
    ]
    assert placed[0].facts["protocol"] == "HTTPS"
    host = made["DNSName"].lower()
    assert of_kind(found, FoundEndpoint) == [
        FoundEndpoint(host, 443, "tls", "shop.example", arn),
        FoundEndpoint(host, 443, "tls", "www.tools.example", arn),
    ]
    assert [each.name for each in of_kind(found, FoundName)] == ["shop.example", "www.shop.example"]


def test_network_and_classic_ones_with_certificates_of_iam(cloud, subnets):
    old = leaf("old.example")
    arn = upload_to_iam(cloud, old, "old")["Arn"]
    network = balancer(cloud, subnets, "net", Type="network")
    second = listener(cloud, network, 6514, "TLS", arn)
    cloud.client("elb").create_load_balancer(
        LoadBalancerName="classic", Subnets=subnets[:1],
        Listeners=[
            {"Protocol": "SSL", "LoadBalancerPort": 993, "InstancePort": 143,
             "SSLCertificateId": arn},
            {"Protocol": "TCP", "LoadBalancerPort": 25, "InstancePort": 25},
        ],
    )  # fmt: skip
    found = look(LoadBalancers(), regions=[REGION])
    first = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/classic:993"
    placed = of_kind(found, FoundCertificate)
    assert [each.locator for each in placed] == [first, second]
    assert {each.parsed.sha256 for each in placed} == {old.parsed.sha256}
    assert [(each.port, each.server_name) for each in of_kind(found, FoundEndpoint)] == [
        (993, "old.example"),
        (6514, "old.example"),
    ]
    assert cloud.asked("GetServerCertificate") == 1


def test_internal_ones_are_looked_at_where_that_is_asked_for(cloud, subnets):
    arn = import_to_acm(cloud, leaf("inner.example"))
    listener(cloud, balancer(cloud, subnets, Scheme="internal"), 443, "HTTPS", arn)
    found = look(LoadBalancers(), regions=[REGION])
    assert (len(of_kind(found, FoundCertificate)), of_kind(found, FoundEndpoint)) == (1, [])
    asked = look(LoadBalancers(), regions=[REGION], internal=True)
    assert len(of_kind(asked, FoundEndpoint)) == 1


ARN = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/web/1/2"


def answers(pages=1, **more):
    """One balancer with one listener, on so many pages; what else is asked is in `more`."""

    def balancers(options):
        number = int(options.get("Marker", 1))
        if number > pages:
            raise refused("Throttling", "DescribeLoadBalancers")
        row = {
            "LoadBalancerArn": "arn:lb", "DNSName": "Web-1.elb.example", "Type": "application",
            "LoadBalancerName": "web", "Scheme": "internet-facing",
        }  # fmt: skip
        found = [] if "LoadBalancerArns" in options else [row]
        return {
            "LoadBalancers": found,
            "NextMarker": str(number + 1),
            "LoadBalancerDescriptions": [],
        }

    certificate = {"CertificateArn": "arn:aws:acm:x:1:certificate/1"}
    return {
        "DescribeLoadBalancers": balancers,
        "DescribeListeners": lambda _: {
            "Listeners": [
                {"ListenerArn": ARN, "Protocol": "HTTPS", "Port": 443,
                 "Certificates": [certificate]},
            ]
        },
        "DescribeListenerCertificates": lambda _: {"Certificates": [certificate]},
        "GetCertificate": lambda _: {"Certificate": leaf("shop.example").pem.decode()},
        **more,
    }  # fmt: skip


def test_a_page_that_fails_ends_the_run_after_what_came_before(cloud, monkeypatch):
    with answering(monkeypatch, answers(pages=2)):
        found, message = look_until(LoadBalancers(), regions=[REGION])
    assert [each.locator for each in of_kind(found, FoundCertificate)] == [ARN, ARN]
    assert message.startswith("eu-west-1: Throttling: ")


def test_a_certificate_that_cannot_be_read_is_a_trouble_of_its_listener(cloud, monkeypatch):
    for code, words in [
        ("AccessDeniedException", "Allow acm:GetCertificate."),
        ("ResourceNotFoundException", "which is no more."),
    ]:

        def refuse(options, code=code):
            raise refused(code, "GetCertificate")

        with answering(monkeypatch, answers(GetCertificate=refuse)):
            found, _ = look_until(LoadBalancers(), regions=[REGION])
        (trouble,) = of_kind(found, FoundTrouble)
        assert (trouble.locator, trouble.message.endswith(words)) == (ARN, True)
        assert of_kind(found, FoundCertificate) == []


def test_a_balancer_that_goes_meanwhile_is_none(cloud, monkeypatch):
    def gone(options):
        raise refused("ListenerNotFound", "DescribeListenerCertificates")

    with answering(monkeypatch, answers(DescribeListenerCertificates=gone)):
        found, message = look_until(LoadBalancers(), regions=[REGION])
    assert found == []
    assert message.startswith("eu-west-1: Throttling")


def test_names_that_are_no_hosts_are_not_asked_for(cloud, monkeypatch):
    odd = leaf(sans=[DNSName(name) for name in ("a b.example", "x" * 300, "*", "*.c.example")])
    body = {"Certificate": odd.pem.decode()}
    with answering(monkeypatch, answers(GetCertificate=lambda _: body)):
        found, _ = look_until(LoadBalancers(), regions=[REGION])
    assert {each.server_name for each in of_kind(found, FoundEndpoint)} == {"www.c.example"}
    assert of_kind(found, FoundName) == []
    assert {each.locator for each in of_kind(found, FoundCertificate)} == {ARN}
