"""A worker that is killed in the middle of a scope leaves it as it was; the next one reads it."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from django.conf import settings as portal

from opsportal.lib.outbox import run_outbox
from opsportal.lib.times import utc_now
from security.collect import plan_collections
from security.models import CloudResource, Collection, ConfigRevision, Scope
from security.tasks import CollectionOutbox
from tests.alerts.moto import CREDENTIALS
from tests.alerts.test_kill import database_url
from tests.security.collecting import GROUPS, make_account
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
WORKER = """
import django
django.setup()
from opsportal.runtime.tasks import run_outbox_by_slug
run_outbox_by_slug("security.collections")
"""


def test_killed_in_mid_scope_it_is_read_again_after_the_lease(cloud, tmp_path):
    make_account(without=["aws.ec2.prefixlist"])
    cloud.client("ec2").create_security_group(GroupName="web", Description="d")
    plan_collections(now=utc_now())
    Collection.objects.exclude(scope__technology=GROUPS).delete()
    asked, go_on = threading.Event(), threading.Event()

    def hang():
        asked.set()
        go_on.wait(30)

    cloud.before("DescribeSecurityGroups", hang)
    environment = os.environ | CREDENTIALS | {
        "AWS_ENDPOINT_URL": cloud.url,
        "DJANGO_SETTINGS_MODULE": "opsportal.settings",
        "OPSPORTAL_DATABASE_URL": database_url(),
        "OPSPORTAL_SECRET_KEY": portal.SECRET_KEY,
        "OPSPORTAL_DATA_DIR": str(tmp_path),
    }  # fmt: skip
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
    try:
        wait_until(asked.is_set, seconds=60, what="the worker asks")
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
    finally:
        worker.kill()
        worker.wait(10)
        go_on.set()
    (row,) = Collection.objects.all()
    assert (row.state, row.attempts, row.outcome) == ("claimed", 1, "")
    assert not CloudResource.objects.exists()
    assert run_outbox(CollectionOutbox()) == 0
    cloud.before("DescribeSecurityGroups", lambda: None)
    after = utc_now() + CollectionOutbox.lease
    assert run_outbox(CollectionOutbox(), now=lambda: after) == 1
    assert Scope.objects.get(technology=GROUPS).outcome == "complete"
    there = CloudResource.objects.count()
    assert there == ConfigRevision.objects.count() > 0
