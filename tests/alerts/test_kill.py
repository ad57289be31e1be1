"""A worker process that is killed with SIGKILL loses nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.conf import settings as portal
from django.db import connection

from alerts.models import Notification
from alerts.tasks import NotificationOutbox
from opsportal.lib.outbox import run_outbox
from opsportal.lib.times import utc_now
from tests.alerts.makers import make_alert, make_channel, make_notification
from tests.alerts.receivers import MailServer
from tests.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]
WORKER = """
import django
django.setup()
from opsportal.runtime.tasks import run_outbox_by_slug
run_outbox_by_slug("alerts.notifications")
"""


class HangingMailServer(MailServer):
    """Keeps the mail and then, once, does not say so until told."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = threading.Event()
        self.go_on = threading.Event()

    async def handle_DATA(self, server, session, envelope):
        answer = await super().handle_DATA(server, session, envelope)
        if not self.taken.is_set():
            self.taken.set()
            while not self.go_on.is_set():
                await asyncio.sleep(0.02)
        return answer


def database_url() -> str:
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    place = f"{found['HOST'] or 'localhost'}:{found['PORT'] or 5432}"
    return f"postgres://{found['USER']}:{found['PASSWORD']}@{place}/{found['NAME']}"


def test_killed_between_send_and_mark_the_same_mail_is_sent_again(settings, tmp_path):
    server = HangingMailServer()
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    row = make_notification(make_alert(), make_channel(), due_at=utc_now())
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "opsportal.settings",
        "OPSPORTAL_DATABASE_URL": database_url(),
        "OPSPORTAL_SECRET_KEY": portal.SECRET_KEY,
        "OPSPORTAL_DATA_DIR": str(tmp_path),
        "OPSPORTAL_EMAIL_URL": f"smtp://127.0.0.1:{server.port}",
    }
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=environment)
    try:
        wait_until(server.taken.is_set, seconds=30, what="the mail has been handed over")
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
        server.go_on.set()
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("claimed", 1)
        # Nobody takes it while the lease lasts; then the next worker does.
        assert run_outbox(NotificationOutbox()) == 0
        after_lease = utc_now() + timedelta(minutes=4)
        assert run_outbox(NotificationOutbox(), now=lambda: after_lease) == 1
    finally:
        worker.kill()
        worker.wait(10)
        server.go_on.set()
        server.stop()
    assert Notification.objects.get().state == "done"
    one, other = [received.mail for received in server.received]
    assert one["Message-ID"] == other["Message-ID"]
