"""The demo's servers: every state is read and judged right, and a renewal is seen."""

from datetime import timedelta
from typing import Any

import pytest

from alerts.models import Alert, Subscription
from certs.demo import CertificateDemo
from certs.models import Endpoint
from opsportal.lib.times import utc_now
from opsportal.runtime.demo import Sink, Stage
from tests.alerts.configuring import apply
from tests.alerts.moto import CREDENTIALS
from tests.certs.states import STATES, found
from tests.certs.turning import turn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def demo(settings, tmp_path, monkeypatch):
    # No cloud of this machine.
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://192.0.2.1:1"}.items():
        monkeypatch.setenv(name, value)
    settings.DATA_DIR = tmp_path
    settings.CERTS_SCAN_ALLOW = ["127.0.0.0/8", "::1/128"]
    settings.CERTS_FILES = [str(tmp_path / "tls")]
    sink = Sink()
    demo = CertificateDemo()
    stage = Stage(sink.url, "ops_k_x", sink, seed=1, tell=lambda text: None)
    apply("teams: [{name: platform}, {name: payments}]")
    apply(demo.configuration(stage))
    yield demo, stage
    sink.close()


def test_every_state_is_read_and_judged_right(demo: Any):
    turn(utc_now())
    seen = {row.service: (row.result, found(row.service)) for row in Endpoint.objects.all()}
    assert seen == STATES
    till = Endpoint.objects.get(service="till").observations.get(serving=True)
    assert (till.tls_version, till.legacy) == ("TLSv1", True)
    ledger = Endpoint.objects.get(service="ledger").observations.get(serving=True)
    assert ledger.client_cert_wanted


def test_the_renewed_one_is_missed_until_it_is_served(demo: Any):
    play = demo[0].play(demo[1])
    assert Subscription.objects.filter(match__contains='source="certs"').count() == 2
    now = utc_now()
    turn(now)
    (alert,) = Alert.objects.filter(name__icontains="expire", service="shop", resolved_at=None)
    next(play)
    next(play)
    turn(now + timedelta(minutes=1))
    turn(now + timedelta(minutes=3))
    assert "stale_served" in found("shop")
    next(play)
    turn(now + timedelta(minutes=5))
    alert.refresh_from_db()
    assert alert.status == "resolved"
    assert found("shop") == set()


def test_where_the_portal_may_not_connect_there_is_no_demo(settings, tmp_path):
    settings.DATA_DIR, settings.CERTS_SCAN_ALLOW = tmp_path, []
    stage = Stage("http://127.0.0.1:1", "ops_k_x", Sink(), seed=1, tell=lambda text: None)
    demo = CertificateDemo()
    assert demo.configuration(stage) == ""
    assert list(demo.play(stage)) == []
