"""Who had an address, which rules admit it, and what lies within a network."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.lib.errors import PayloadError
from security.collect.relate import in_ipv6
from security.models import AddressUse, CloudAccount, CloudResource
from security.search import AddressQuery, read_addresses, uses_matching
from tests.security.collecting import NOW, later, make_account
from tests.security.revising import group_of, make_resource, revise, rule

pytestmark = pytest.mark.django_db


def found(**params):
    query = read_addresses({name: [text] for name, text in params.items()}, now=later(hours=9))
    return sorted(f"{use.resource.resource_id} {use.cidr}" for use in uses_matching(query))


@pytest.fixture
def groups():
    account = make_account()
    one = make_resource(account, "sg-1", group_of(rule("10.1.0.0/16"), rule("0.0.0.0/0", port=80)))
    make_resource(account, "sg-2", group_of(rule("10.1.2.3/32"), rule("2001:db8::/32")))
    revise(one, group_of(rule("10.1.2.0/24")), at=later(hours=2))


def test_rules_that_admit_an_address_now(groups):
    assert found(q="10.1.2.3") == ["sg-1 10.1.2.0/24", "sg-2 10.1.2.3/32"]
    assert found(q="2001:db8::5") == ["sg-2 2001:db8::/32"]
    assert found(q="10.1.3.3") == []


def test_rules_that_admitted_it_at_a_time(groups):
    then = f"{later(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    assert found(q="10.1.2.3", at=then) == [
        "sg-1 0.0.0.0/0", "sg-1 10.1.0.0/16", "sg-2 10.1.2.3/32",
    ]  # fmt: skip
    assert len(found(q="10.1.2.3", at="ever")) == 4


def test_a_network_finds_what_is_within_it(groups):
    assert found(q="10.0.0.0/8") == ["sg-1 10.1.2.0/24", "sg-2 10.1.2.3/32"]
    assert found(q="10.0.0.0/8", role="has") == []


@pytest.mark.parametrize(
    "params", [{}, {"q": "web"}, {"q": "10.1.2.3", "role": "x"}, {"q": "1.2.3.4", "at": "x"}]
)
def test_what_cannot_be_asked_is_told(params):
    with pytest.raises(PayloadError):
        found(**params)


networks = st.builds(
    lambda number, length: ipaddress.ip_network((number, length), strict=False),
    st.sampled_from([0, 0x0A000000, 0x0A010203, 0x0A800000, 2**32 - 1, 0x0A010200]),
    st.integers(0, 32),
)  # fmt: skip


@given(st.lists(networks, max_size=6), networks)
def test_the_index_finds_what_arithmetic_finds(known, asked):
    AddressUse.objects.all().delete()
    resource = _resource()
    for network in known:
        first, length = in_ipv6(network)
        AddressUse.objects.create(
            resource=resource, role="admits", first=first, length=length, cidr=str(network),
            since=NOW,
        )  # fmt: skip
    rows = uses_matching(AddressQuery(asked, ever=True))
    right = [net for net in known if asked.subnet_of(net) or net.subnet_of(asked)]
    assert sorted(row.cidr for row in rows) == sorted(map(str, right))


def _resource():
    account = CloudAccount.objects.first() or make_account()
    return CloudResource.objects.first() or make_resource(account, "sg-9", group_of())
