"""What /metrics says about certificates."""

import pytest
import time_machine

from certs.metrics import CertificateMetrics
from tests.certs.making import make_certificate, make_endpoint, make_observation, make_source
from tests.certs.pki import NOW, intermediate, later

pytestmark = pytest.mark.django_db


def figures() -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix("opsportal_certs_"), *sample.labels.values()): sample.value
        for family in CertificateMetrics().collect()
        for sample in family.samples
    }


def test_what_ends_soon_is_counted_where_it_is_in_use(django_assert_num_queries):
    ca = intermediate()
    make_observation(make_endpoint("a.test"), ca.issue("a.test", not_after=later(days=5)).chain[:1])
    make_observation(
        make_endpoint("b.test"), ca.issue("b.test", not_after=later(days=20)).chain[:1]
    )
    make_certificate(ca.issue("c.test", not_after=later(days=5)))
    make_source()
    with time_machine.travel(later(minutes=10), tick=False), django_assert_num_queries(5):
        said = figures()
    assert said["certificates", "served"] == 2
    assert said["certificates", "known"] == 1
    assert [said["ending", days] for days in ("0", "1", "7", "14", "30")] == [0, 0, 1, 1, 2]
    assert said["endpoints", "waiting"] == 2
    assert said[("oldest_probe_seconds",)] == 600
    assert said["sources", "waiting"] == 1


def test_an_empty_portal_says_nothing_strange():
    with time_machine.travel(NOW, tick=False):
        said = figures()
    assert said["ending", "30"] == 0
    assert ("oldest_probe_seconds",) not in said
