"""A worker that is killed with SIGKILL in the middle of a call: nothing is called twice."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.conf import settings as portal

from alerts.models import Remediation
from alerts.tasks import RemediationOutbox
from opsportal.lib.outbox import run_outbox
from opsportal.lib.times import utc_now
from opsportal.safety.models import JournalEntry
from tests.alerts.moto import ACCOUNT, REGION
from tests.alerts.remediating import arm, make_wish, operation_of
from tests.alerts.test_kill import database_url
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
WORKER = """
import django
django.setup()
from opsportal.runtime.tasks import run_outbox_by_slug
run_outbox_by_slug("alerts.remediations")
"""


@pytest.mark.parametrize(
    ("plugin", "action", "state"),
    [
        ("ec2_reboot", "RebootInstances", "unknown"),
        ("ec2_terminate", "TerminateInstances", "done"),
    ],
)
def test_killed_in_the_middle_of_a_call(cloud, tmp_path, plugin, action, state):
    arm(plugin)
    members = cloud.scaling_group("web", 3)
    wish = make_wish(members[0], plugin)
    Remediation.objects.filter(pk=wish.pk).update(due_at=utc_now())
    asked, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        asked.set()
        go_on.wait(30)

    cloud.before(action, hang)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "opsportal.settings",
        "OPSPORTAL_DATABASE_URL": database_url(),
        "OPSPORTAL_SECRET_KEY": portal.SECRET_KEY,
        "OPSPORTAL_DATA_DIR": str(tmp_path),
        "OPSPORTAL_REMEDIATE_ACCOUNTS": ACCOUNT,
        "OPSPORTAL_REMEDIATE_REGIONS": REGION,
    }
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
    try:
        wait_until(asked.is_set, seconds=60, what="the call is under way")
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
    finally:
        worker.kill()
        worker.wait(10)
        go_on.set()
    operation = operation_of(wish)
    assert operation.state == "executing"
    assert list(JournalEntry.objects.exclude(kind="note").values_list("kind", flat=True)) == [
        "intent"
    ]
    # What was under way is carried out all the same: nobody can take it back.
    if plugin == "ec2_terminate":
        done = {"shutting-down", "terminated"}
        wait_until(lambda: cloud.state(members[0]) in done, seconds=30, what="it is terminated")
    assert run_outbox(RemediationOutbox()) == 0, "the lease lasts"
    after_lease = utc_now() + timedelta(minutes=16)
    assert run_outbox(RemediationOutbox(), now=lambda: after_lease) == 1
    assert operation_of(wish).state == state
    assert cloud.asked(action) == 1
