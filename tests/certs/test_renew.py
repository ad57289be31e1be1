"""Which certificates replace each other, and that an old one is still served."""

from datetime import timedelta

import pytest

from certs.discover import update_use
from certs.models import Certificate, CertificatePolicy, Placement
from certs.renew import free_replacement, pin_replacement, propose_replacements
from certs.renew.lineage import family_of
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import PayloadError
from tests.certs.judging import finding, judge, kinds, open_alerts
from tests.certs.making import (
    make_certificate,
    make_endpoint,
    make_observation,
    make_placement,
    make_source,
)
from tests.certs.pki import DAY, NOW, intermediate, issue, later, root

pytestmark = pytest.mark.django_db
JO = Actor("jo", None, None)
OLD = NOW - 60 * DAY


def again(row: Certificate) -> Certificate:
    return Certificate.objects.select_related("lineage", "replaced_by").get(pk=row.pk)


def stored(issued, where="one.pem", *, source=None, now=NOW) -> Certificate:
    source = source or make_source()
    return make_placement(issued, source, where, now=now).certificate


@pytest.mark.parametrize("same_key", [True, False])
def test_a_renewal_with_the_same_or_a_new_key_keeps_the_lineage(same_key):
    ca = intermediate()
    first = ca.issue("a.test", "b.test", not_before=OLD)
    second = ca.issue("b.test", "a.test", key=first.key if same_key else None)
    source = make_source()
    old, new = stored(first, source=source), stored(second, source=source)
    judge()
    assert again(old).lineage == again(new).lineage
    assert again(old).replaced_by == new
    assert again(new).replaced_by is None
    assert "key_reuse" not in kinds(old) + kinds(new)


def test_another_intermediate_of_the_authority_is_the_same_family():
    top = root()
    source = make_source()
    old = stored(intermediate(top, "R10").issue("a.test", not_before=OLD), source=source)
    new = stored(intermediate(top, "R11").issue("a.test"), source=source)
    judge()
    assert again(old).replaced_by == new
    assert family_of("CN=Acme CA 1") == family_of("CN=Acme CA 12")
    assert family_of(r"CN=x,O=Acme\, Inc.,C=DE") == r"acme\, inc."


def test_other_names_are_a_proposal_that_lists_what_is_dropped_and_a_person_confirms():
    ca = intermediate()
    source = make_source()
    old = stored(ca.issue("a.test", "b.test", "c.test", not_before=OLD), source=source)
    new = stored(ca.issue("a.test", "b.test", "d.test"), source=source)
    more = stored(ca.issue("a.test", "b.test", "c.test", "e.test"), source=source)
    judge()
    assert again(old).replaced_by is None
    proposed = propose_replacements([again(old)], now=NOW)[old.pk]
    assert [(each.certificate, each.dropped, each.added) for each in proposed] == [
        (more, (), ("e.test",)),
        (new, ("c.test",), ("d.test",)),
    ]
    pin_replacement(old.pk, new.pk, actor=JO, now=later(hours=1))
    judge(later(hours=1))
    assert again(old).replaced_by == new
    assert again(old).replacement_pinned
    entry = AuditEntry.objects.get(action="pin_replacement")
    assert entry.actor == "jo"
    free_replacement(old.pk, actor=JO, now=later(hours=2))
    judge(later(hours=2))
    assert again(old).replaced_by is None


def test_a_renewal_by_another_authority_is_a_proposal_where_the_names_are_the_same():
    source = make_source()
    old = stored(intermediate().issue("a.test", "b.test", not_before=OLD), source=source)
    other = root().authority("Other CA", organization="Other")
    new = stored(other.issue("b.test", "a.test"), source=source)
    stored(other.issue("a.test", "b.test", "c.test"), source=source)
    judge()
    assert again(old).replaced_by is None
    proposed = propose_replacements([again(old)], now=NOW)[old.pk]
    assert [(each.certificate, each.dropped, each.added) for each in proposed] == [(new, (), ())]


def test_a_person_may_say_that_nothing_replaces_it():
    ca = intermediate()
    source = make_source()
    old = stored(ca.issue("a.test", not_before=NOW - 85 * DAY), source=source)
    stored(ca.issue("a.test"), source=source)
    judge()
    assert not open_alerts()
    pin_replacement(old.pk, None, actor=JO, now=NOW)
    judge(later(hours=1))
    assert again(old).replaced_by is None
    assert kinds(old) == ["expiring"]


def test_what_ends_earlier_or_is_itself_replaces_nothing():
    ca = intermediate()
    old = stored(ca.issue("a.test"))
    early = make_certificate(ca.issue("b.test", lifetime=DAY))
    for by in (old.pk, early.pk, 10**9):
        with pytest.raises(PayloadError):
            pin_replacement(old.pk, by, actor=JO, now=NOW)


def test_servers_that_renew_for_themselves_do_not_replace_each_other():
    ca = intermediate()
    one = ca.issue("a.test", not_before=NOW - 20 * DAY)
    other = ca.issue("a.test", not_before=NOW)
    make_observation(make_endpoint("one.test"), one)
    make_observation(make_endpoint("other.test"), other)
    judge()
    row = Certificate.objects.get(sha256=one.parsed.sha256)
    assert again(row).replaced_by is None
    judge(later(days=1))
    assert kinds(row) == []


def test_nodes_behind_one_name_that_renew_for_themselves_are_no_stale_ones():
    ca = intermediate()
    one, new = ca.issue("a.test", not_before=NOW - 20 * DAY), ca.issue("a.test")
    endpoint = make_endpoint("a.test")
    make_observation(endpoint, one, address="192.0.2.1")
    make_observation(endpoint, new, address="192.0.2.2")
    row = Certificate.objects.get(sha256=one.parsed.sha256)
    judge()
    judge(later(hours=2))
    assert (again(row).replaced_by, kinds(row)) == (None, [])
    # Of which there are more it is meant for all.
    make_observation(endpoint, new, address="192.0.2.3", now=later(hours=3))
    judge(later(hours=3))
    assert again(row).replaced_by is not None


def test_namespaces_that_each_have_their_own_do_not_replace_each_others():
    ca = intermediate()
    cluster = make_source("cluster", "kubernetes")
    old = stored(
        ca.issue("*.a.test", not_before=NOW - 20 * DAY), "shop/tls/tls.crt", source=cluster
    )
    make_observation(make_endpoint("shop.a.test"), [bytes(old.der)])
    stored(ca.issue("*.a.test"), "bank/tls/tls.crt", source=cluster)
    judge()
    judge(later(hours=2))
    assert (again(old).replaced_by, kinds(old)) == (None, [])
    beside = stored(ca.issue("*.a.test"), "shop/tls/new.crt", source=cluster)
    judge(later(hours=3))
    assert again(old).replaced_by == beside


def test_what_is_not_yet_valid_or_nowhere_replaces_nothing():
    ca = intermediate()
    source = make_source()
    old = stored(ca.issue("a.test", not_before=OLD), source=source)
    stored(ca.issue("a.test", not_before=later(days=2)), source=source)
    make_certificate(ca.issue("a.test"))
    judge()
    assert again(old).replaced_by is None
    # And then it does, by time alone.
    judge(later(days=2, hours=1))
    assert again(old).replaced_by is not None


def test_equal_serials_of_two_issuers_are_two_certificates_and_of_one_a_finding():
    one, two = intermediate(), root().authority("Other CA", organization="Other")
    source = make_source()
    rows = [
        stored(ca.issue(name, serial=4711), name, source=source)
        for ca, name in ((one, "a.test"), (two, "a.test"), (one, "b.test"))
    ]
    judge()
    assert len({row.pk for row in rows}) == 3
    assert [kinds(row) for row in rows] == [["duplicate_serial"], [], ["duplicate_serial"]]
    assert again(rows[0]).lineage != again(rows[1]).lineage


def test_devices_that_sign_for_themselves_have_serials_of_their_own():
    source = make_source()
    rows = [
        stored(issue((), common_name="device.local", serial=1), f"{number}.pem", source=source)
        for number in range(3)
    ]
    judge()
    assert [kinds(row) for row in rows] == [[]] * 3


def test_one_key_in_unrelated_certificates_is_found_and_over_when_one_is_gone():
    ca = intermediate()
    first = ca.issue("a.test")
    one, other = stored(first), stored(ca.issue("b.test", key=first.key), source=make_source("x"))
    judge()
    assert (kinds(one), kinds(other)) == (["key_reuse"], ["key_reuse"])
    assert finding(one, "key_reuse").summary == "has its key in common with b.test"
    Placement.objects.exclude(certificate=one).update(gone_at=NOW)
    update_use([other.pk], now=later(hours=1))
    judge(later(hours=1))
    assert (kinds(one), kinds(other)) == ([], [])
    again_there = stored(ca.issue("c.test", key=first.key), source=make_source("y"))
    Certificate.objects.filter(pk=one.pk).update(judge_at=None)
    judge(later(hours=2))
    assert (kinds(one), kinds(again_there)) == (["key_reuse"], ["key_reuse"])


def test_renewed_in_a_file_and_still_served_at_3_of_8_addresses():
    ca = intermediate()
    old = ca.issue("a.test", not_before=NOW - 70 * DAY)
    new = ca.issue("a.test", not_before=NOW)
    endpoint = make_endpoint("a.test")
    for number in range(8):
        make_observation(endpoint, old, address=f"192.0.2.{number}", now=NOW - DAY)
    row = Certificate.objects.get(sha256=old.parsed.sha256)
    judge(NOW - DAY)
    stored(new, source=make_source("ACM"))
    judge()
    assert again(row).replaced_by is not None
    assert kinds(row) == ["expiring"]  # it is, while it is served
    for number in range(5):
        make_observation(endpoint, new, address=f"192.0.2.{number}", now=later(minutes=5))
    judge(later(minutes=59))
    assert kinds(row) == ["expiring"]
    judge(later(minutes=60))
    assert kinds(row) == ["expiring", "stale_served"]
    judge(later(days=9))
    assert finding(row, "stale_served").summary == (
        "was renewed 9 days ago in ACM, and the old one is still served at 3 of 8 addresses "
        "(a.test:443)"
    )
    assert [alert.name for alert in open_alerts()] == [
        "Certificate expires",
        "Old one still served",
    ]
    assert "still served at 3 of 8 addresses" in open_alerts()[1].summary
    for number in range(5, 8):
        make_observation(endpoint, new, address=f"192.0.2.{number}", now=later(days=9, hours=1))
    judge(later(days=9, hours=1))
    assert not open_alerts()
    assert finding(row, "stale_served").closed_reason == "renewed"


def test_the_grace_is_the_policys():
    CertificatePolicy.objects.create(name="slow", stale_grace=timedelta(days=7))
    ca = intermediate()
    old = ca.issue("a.test", not_before=NOW - 60 * DAY, lifetime=90 * DAY)
    make_observation(make_endpoint("a.test"), old)
    row = Certificate.objects.get(sha256=old.parsed.sha256)
    stored(ca.issue("a.test"))
    judge()
    judge(later(days=6))
    assert kinds(row) == []
    judge(later(days=7))
    assert kinds(row) == ["stale_served"]


def test_what_anybody_uploaded_does_not_silence_what_is_stored_elsewhere():
    ca = intermediate()
    old = stored(ca.issue("a.test", not_before=OLD))
    make_placement(ca.issue("a.test"), make_source("Uploads", kind="upload"), "pasted")
    judge(later(days=28))
    assert again(old).replaced_by is None
    assert kinds(old) == ["expiring"]
    # Where it is served, it is told of all the same, and that a newer one is there.
    make_observation(make_endpoint(), ca.issue("b.test", not_before=OLD))
    row = Certificate.objects.get(title="b.test")
    make_placement(ca.issue("b.test"), make_source("more", kind="upload"), "pasted")
    judge(later(days=28))
    assert kinds(row) == ["expiring", "stale_served"]


def test_whoever_signs_for_himself_under_an_authoritys_name_replaces_nothing():
    ca = intermediate()
    source = make_source()
    old = stored(ca.issue("a.test", not_before=OLD), source=source)
    forged = issue(("a.test",), organization="Acme")
    new = stored(forged, source=source)
    judge(later(days=28))
    assert again(old).lineage == again(new).lineage
    assert again(old).replaced_by is None
    assert "expiring" in kinds(old)
