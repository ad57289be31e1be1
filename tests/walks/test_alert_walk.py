"""An alert's whole way, through the real processes: in by HTTP, told by mail and webhook."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.alerts.receivers import Reply, http_server, mail_server
from tests.waiting import wait_until

pytestmark = pytest.mark.processes

ALERT = {"name": "DiskFull", "service": "billing", "severity": "critical", "summary": "91 % full"}
MAIL = """
channels:
- {name: ops mail, kind: email, settings: {to: [ops@example.com]}}
rules:
- name: all
  match: ''
  order: 10
  actions: [{notify: ops mail}]
"""
HOOK = """
channels:
- {name: hook, kind: webhook, settings: {url: "%s", secret: s3cret}}
rules:
- name: all
  match: ''
  order: 10
  actions: [{notify: hook}]
"""


def told(walker, alert_id):
    """The states of the notifications about an alert."""
    detail = walker.get(f"/api/v1/alerts/{alert_id}")
    return [notification["state"] for notification in detail["notifications"]]


def test_the_right_person_is_told_once_and_hears_of_the_end(walk):
    with mail_server() as mail:
        walker = walk(OPSPORTAL_EMAIL_URL=f"smtp://127.0.0.1:{mail.port}")
        walker.configure(MAIL)
        status, first = walker.post(ALERT)
        assert (status, first["outcome"]) == (201, "opened")
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: walker.post(ALERT), range(1000)))
        assert {status for status, _ in answers} == {200}
        assert max(answer["repeat_count"] for _, answer in answers) == 1000
        wait_until(lambda: len(mail.received) == 1, 60)
        walker.post(ALERT | {"status": "resolved"})
        wait_until(lambda: len(mail.received) == 2, 60)
        opened, resolved = (received.mail for received in mail.received)
        assert "DiskFull" in opened["Subject"] or "91 % full" in opened["Subject"]
        assert "RESOLVED" in resolved["Subject"].upper()
        assert resolved["References"].split()[0] == opened["Message-ID"]
        wait_until(lambda: told(walker, first["id"]) == ["done", "done"], 60)


def test_twenty_identical_concurrent_first_posts_are_one_episode(walk):
    walker = walk()
    gate = threading.Barrier(20)

    def post(_):
        gate.wait()
        return walker.post(ALERT)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(20)))
    assert sorted(status for status, _ in answers) == [200] * 19 + [201]
    found = walker.get("/api/v1/alerts?match=service%3Dbilling")["results"]
    assert [(alert["name"], alert["repeat_count"]) for alert in found] == [("DiskFull", 19)]


def test_mail_that_could_not_be_sent_arrives_later_once(walk):
    with mail_server() as mail:
        walker = walk(OPSPORTAL_EMAIL_URL=f"smtp://127.0.0.1:{mail.port}")
        walker.configure(MAIL)
        mail.stop()
        alerts = [walker.post(ALERT | {"resource": f"h{n}"})[1] for n in range(5)]

        def attempts():
            detail = walker.get(f"/api/v1/alerts/{alerts[-1]['id']}")
            return [attempt for n in detail["notifications"] for attempt in n["attempts"]]

        assert not wait_until(attempts, 60)[0]["succeeded"]
        mail.start()
        wait_until(lambda: len(mail.received) == 5, 120)
        for alert in alerts:
            wait_until(lambda alert=alert: told(walker, alert["id"]) == ["done"], 60)
        assert len({received.mail["Message-ID"] for received in mail.received}) == 5


def test_killed_while_sending_it_is_sent_again_under_the_same_key(walk):
    hang = threading.Event()

    def slow_first(request):
        if len(hook.requests) == 1:
            hang.wait(120)
        return Reply()

    with http_server() as hook:
        hook.reply = slow_first
        walker = walk(OPSPORTAL_DELIVERY_LEASE="30")
        walker.configure(HOOK % hook.url)
        alert = walker.post(ALERT)[1]
        wait_until(lambda: hook.requests, 60)
        killed = walker.portal.kill("manage.py dispatch") + walker.portal.kill("manage.py qcluster")
        assert killed
        hang.set()
        wait_until(lambda: len(hook.requests) == 2, 120)
        wait_until(lambda: told(walker, alert["id"]) == ["done"], 60)
        keys = {request.headers["idempotency-key"] for request in hook.requests}
        assert len(keys) == 1
        sent = walker.get(f"/api/v1/alerts/{alert['id']}")["notifications"][0]
        assert sent["attempts"][-1]["succeeded"]


def test_what_was_acknowledged_survives_sigkill_of_everything(walk):
    walker = walk()
    stop, accepted = threading.Event(), []

    def keep_posting(worker):
        number = 0
        while not stop.is_set():
            number += 1
            try:
                status, answer = walker.post(ALERT | {"resource": f"h{worker}-{number}"})
            except OSError:
                return
            if status == 201:
                accepted.append(answer["id"])

    threads = [threading.Thread(target=keep_posting, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(accepted) > 100, 60)
    walker.portal.supervisor.kill()
    wait_until(lambda: not walker.portal.pids(), 30, what="no orphan is left")
    stop.set()
    for thread in threads:
        thread.join()
    started = time.monotonic()
    walker.portal.start()
    assert time.monotonic() - started < 60
    stored, page = set(), "/api/v1/alerts?limit=500"
    while page:
        answer = walker.get(page)
        stored |= {alert["id"] for alert in answer["results"]}
        page = answer["next"] and answer["next"].replace(walker.portal.url, "")
    assert set(accepted) <= stored
