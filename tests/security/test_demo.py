"""The demo's two accounts: what happens in them is what is collected."""

from collections.abc import Callable

import pytest

from opsportal.lib.aws.here import is_here
from opsportal.runtime.demo import Sink, Stage
from security.audit import audit_due
from security.demo import SecurityDemo
from security.demo.clouds import ANYBODY, MAIN, DemoAccount
from security.models import CloudAccount, Finding
from tests.alerts.configuring import apply
from tests.security.collecting import GROUPS, collect, later

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage():
    sink = Sink()
    yield Stage(sink.url, "ops_k_x", sink, seed=1, tell=lambda text: None)
    sink.close()


def test_without_a_cloud_of_this_machine_there_is_no_demo(monkeypatch, stage, cloud):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://192.0.2.1:1")
    assert not is_here("us-east-1")
    assert SecurityDemo().configuration(stage) == ""
    assert list(SecurityDemo().play(stage)) == []


def test_what_the_demo_does_is_seen_in_both_accounts(stage, cloud):
    demo = SecurityDemo()
    apply("teams: [{name: platform}, {name: payments}]")
    apply(demo.configuration(stage))
    assert CloudAccount.objects.filter(kind="managed").count() == 2
    play = demo.play(stage)
    collect(GROUPS, "aws.ec2.prefixlist")
    assert not Finding.objects.filter(status="open", score__gte=9).exists()
    for _ in range(7):
        next(play)
    collect(GROUPS, "aws.ec2.prefixlist", now=later(minutes=20))
    opened = Finding.objects.filter(status="open", score__gte=9)
    assert {row.account.name for row in opened} == {"acme main", "acme copies"}
    next(play)
    collect(GROUPS, "aws.ec2.prefixlist", now=later(minutes=40))
    # The group may have been judged before the list it refers to was read again.
    audit_due(now=later(minutes=41))
    assert not Finding.objects.filter(status="open", score__gte=9).exists()


def test_its_events_are_cloudtrails(stage, cloud):
    account = DemoAccount(MAIN, "us-east-1")
    account.fill()
    account.watch()
    demo = SecurityDemo()
    demo._main = demo._other = account
    play: Callable[[], float] = demo.play(stage).__next__
    play()
    play()
    sqs = account.client("sqs")
    (message,) = sqs.receive_message(QueueUrl=account.queue_url)["Messages"]
    assert "AuthorizeSecurityGroupIngress" in message["Body"]
    assert ANYBODY not in message["Body"], "the event is never believed for the configuration"
