"""What sources find is stored: certificates once, and each place they are in."""

import pytest

from certs.models import Certificate, Endpoint, Placement, Source, SourceTrouble
from certs.normalise import FoundCertificate, FoundTrouble
from certs.sources import SourceError
from tests.certs.pki import intermediate, later
from tests.certs.shelf import Shelf, run, shelf

__all__ = ["shelf"]
pytestmark = pytest.mark.django_db(transaction=True)


def test_each_certificate_is_stored_once_and_each_place(shelf):
    leaf = intermediate().issue("a.test", "b.test")
    Shelf.things = [FoundCertificate(leaf.parsed, "one"), FoundCertificate(leaf.parsed, "two")]
    done = run()
    assert (done.outcome, done.found, done.new) == ("complete", 2, 2)
    certificate = Certificate.objects.get()
    assert [name.value for name in certificate.names.all()] == ["a.test", "a.test", "b.test"]
    assert certificate.use == "placed"
    assert Placement.objects.count() == 2
    again = run(later(hours=1))
    assert (again.found, again.new, again.gone) == (2, 0, 0)


def test_what_two_complete_runs_do_not_find_is_gone(shelf):
    leaf = intermediate().issue("a.test")
    Shelf.things = [FoundCertificate(leaf.parsed, "one")]
    run()
    Shelf.things = []
    assert run(later(hours=1)).gone == 0
    assert run(later(hours=2)).gone == 1
    assert Placement.objects.get().gone_at == later(hours=2)
    assert Certificate.objects.get().use == "known"


def test_a_failure_deletes_nothing_and_keeps_what_came_before(shelf):
    ca = intermediate()
    first, second = ca.issue("a.test"), ca.issue("b.test")
    Shelf.things = [FoundCertificate(first.parsed, "one")]
    run()
    Shelf.things = [FoundCertificate(second.parsed, "two"), SourceError("page 3 was refused")]
    for hour in (1, 2, 3):
        done = run(later(hours=hour))
        assert (done.outcome, done.message, done.gone) == ("partial", "page 3 was refused", 0)
    shelf.refresh_from_db()
    assert shelf.failures == 3
    assert Placement.objects.filter(gone_at=None).count() == 2


def test_trouble_with_one_leaves_the_others_and_what_was_there(shelf):
    leaf = intermediate().issue("a.test")
    Shelf.things = [FoundCertificate(leaf.parsed, "one.p12")]
    run()
    Shelf.things = [FoundTrouble("one.p12", "wrong password")]
    for hour in (1, 2, 3):
        run(later(hours=hour))
    assert Placement.objects.get().gone_at is None
    assert SourceTrouble.objects.get().cleared_at is None
    Shelf.things = [FoundCertificate(leaf.parsed, "one.p12")]
    run(later(hours=4))
    assert SourceTrouble.objects.get().cleared_at == later(hours=4)


def test_hosts_become_endpoints_once():
    source = Source.objects.create(
        name="hosts", kind="endpoints",
        options={"hosts": ["a.test", "smtp://mx.test:25", "[::1]:8443 b.test", "what:is:this"]},
    )  # fmt: skip
    run()
    run(later(hours=1))
    assert [str(row) for row in Endpoint.objects.all()] == [
        "[::1]:8443 as b.test", "a.test:443", "smtp://mx.test:25",
    ]  # fmt: skip
    assert SourceTrouble.objects.get().locator == "what:is:this"
    assert {row.source for row in Endpoint.objects.all()} == {source}
