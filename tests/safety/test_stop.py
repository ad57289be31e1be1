"""The kill switch: a row, a file, a page, a command, an endpoint."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from chronos.models import ChangeEvent
from opsportal.accounts.actors import Actor
from opsportal.accounts.models import AuditEntry
from opsportal.lib.errors import ConflictError, ForbiddenError
from opsportal.safety.models import Operation, Stop
from opsportal.safety.plan import plan_operation
from opsportal.safety.stop import read_stop, resume_everything, stop_everything, stop_file
from tests.accounts.people import bearer, make_key, make_person
from tests.alerts.makers import NOW, later
from tests.safety.executors import JO, request_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("data_dir")]


def test_who_when_and_why_are_told():
    stop_everything("  too much\nsmoke ", actor=JO, now=NOW)
    stopped = read_stop()
    assert (stopped.by, stopped.why, stopped.at) == ("jo", "too much smoke", NOW)
    assert AuditEntry.objects.get(action="stop everything").actor == "jo"
    assert ChangeEvent.objects.get(kind="killswitch", action="stopped").actor == "jo"


def test_a_second_pull_changes_nothing():
    first = stop_everything("one", actor=JO, now=NOW)
    assert stop_everything("two", actor=JO, now=later(minutes=1)) == first
    assert Stop.objects.get().why == "one"


def test_a_person_resumes_and_a_key_does_not():
    stop_everything("", actor=JO, now=NOW)
    with pytest.raises(ForbiddenError):
        resume_everything(actor=Actor("key k", None, 1), now=NOW)
    assert read_stop()
    resume_everything(actor=JO, now=later(minutes=1))
    assert read_stop() is None
    with pytest.raises(ConflictError, match="nothing is stopped"):
        resume_everything(actor=JO, now=later(minutes=2))


def test_the_file_stops_as_long_as_it_is_there(data_dir):
    stop_file().write_text("maintenance\nmore")
    stopped = read_stop()
    assert (stopped.why, stopped.file, stopped.switch) == ("maintenance", True, False)
    with pytest.raises(ConflictError, match="delete it"):
        resume_everything(actor=JO, now=NOW)
    stop_everything("", actor=JO, now=NOW)
    resume_everything(actor=JO, now=NOW)
    assert read_stop(), "the file is not touched"
    stop_file().unlink()
    assert read_stop() is None


def test_a_file_that_cannot_be_looked_for_stops(settings, data_dir):
    (data_dir / "file").touch()
    settings.DATA_DIR = data_dir / "file"
    assert "cannot be looked for" in read_stop().why


@pytest.mark.parametrize("odd", ["folder", "link", "bytes"])
def test_whatever_has_its_name_stops(odd):
    if odd == "folder":
        stop_file().mkdir()
    elif odd == "link":
        stop_file().symlink_to("nowhere")
    else:
        stop_file().write_bytes(b"\xff\xfe")
    assert read_stop()


def test_plans_that_wait_are_over(armed):
    operation = plan_operation(request_for("a"), armed, actor=JO, now=NOW)
    stop_everything("fire", actor=JO, now=NOW)
    resume_everything(actor=JO, now=NOW)
    assert Operation.objects.get(pk=operation.pk).state == "stopped"


def test_stopped_nothing_is_planned(armed):
    stop_everything("fire", actor=JO, now=NOW)
    operation = plan_operation(request_for("a"), armed, actor=JO, now=NOW)
    assert (operation.state, operation.targets) == ("stopped", [])


def test_the_commands():
    out = StringIO()
    call_command("stopeverything", "--reason", "drill", stdout=out)
    assert "Stopped by command line" in out.getvalue()
    assert read_stop().why == "drill"
    call_command("resumeeverything", stdout=out)
    assert read_stop() is None
    with pytest.raises(CommandError, match="not pulled"):
        call_command("resumeeverything")


class TestApi:
    def test_a_key_may_stop_and_read(self, client):
        _, key = make_key("alerts:respond", "alerts:read", name="bot")
        answer = client.post(
            "/api/v1/safety/stop",
            {"reason": "drill"},
            content_type="application/json",
            headers=bearer(key),
        )
        assert answer.status_code == 200
        stopped = answer.json()["stopped"]
        assert (stopped["by"], stopped["why"], stopped["by_file"]) == ("key bot", "drill", False)
        state = client.get("/api/v1/safety", headers=bearer(key)).json()
        assert state["stopped"] == stopped
        assert {lock["name"]: lock["armed"] for lock in state["locks"]}["everything"] is False

    def test_nothing_resumes_by_the_api(self, client):
        _, key = make_key("alerts:respond", "alerts:read")
        for path in ("/api/v1/safety/resume", "/safety/resume/"):
            answer = client.post(path, headers=bearer(key))
            assert answer.status_code in {302, 404}
        stop_everything("", actor=JO, now=NOW)
        client.post("/safety/resume/", headers=bearer(key))
        assert read_stop()

    def test_a_reason_that_is_too_long_is_told(self, client):
        _, key = make_key("alerts:respond")
        answer = client.post(
            "/api/v1/safety/stop",
            {"reason": "x" * 501},
            content_type="application/json",
            headers=bearer(key),
        )
        assert answer.status_code == 400
        assert read_stop() is None


class TestPages:
    @pytest.mark.parametrize(
        ("role", "may"), [("viewer", False), ("responder", True), ("administrator", True)]
    )
    def test_who_may_stop_sees_the_control_on_every_page(self, client, role, may):
        client.force_login(make_person(role))
        for path in ("/", "/alerts/", "/admin/", "/admin/alerts/rule/", "/safety/"):
            assert (b'href="/safety/stop/"' in client.get(path).content) == may, path
        assert client.get("/safety/stop/").status_code == (200 if may else 403)
        assert client.post("/safety/stop/", {"why": "drill"}).status_code == (302 if may else 403)
        assert bool(read_stop()) == may

    @pytest.mark.parametrize("path", ["/", "/alerts/", "/admin/", "/admin/alerts/rule/"])
    def test_stopped_every_page_says_so(self, client, path):
        stop_everything("the <b>basement</b> burns", actor=JO, now=NOW)
        client.force_login(make_person("viewer"))
        text = client.get(path).content.decode()
        assert "Everything dangerous is stopped" in text
        assert "the &lt;b&gt;basement" in text
        assert "Re-arm" not in text
        client.force_login(make_person("administrator"))
        assert "Re-arm" in client.get(path).content.decode()

    @pytest.mark.parametrize(("role", "may"), [("team_admin", False), ("administrator", True)])
    def test_only_administrators_re_arm_and_change_locks(self, client, role, may):
        stop_everything("", actor=JO, now=NOW)
        client.force_login(make_person(role))
        expected = 302 if may else 403
        assert client.post("/safety/resume/").status_code == expected
        assert bool(read_stop()) != may
        lock = {"name": "ec2_reboot", "armed": "1"}
        assert client.post("/safety/lock/", lock).status_code == expected
        page = client.get("/safety/").content.decode()
        assert ("armed</span>" in page) == may

    def test_a_stranger_sees_the_login(self, client):
        for path in ("/safety/", "/safety/stop/"):
            assert client.get(path).status_code == 302

    def test_an_unknown_lock_is_told(self, client):
        client.force_login(make_person("administrator"))
        answer = client.post("/safety/lock/", {"name": "x\0", "armed": "1"}, follow=True)
        assert "No such lock" in answer.content.decode()

    @pytest.mark.parametrize("path", ["/safety/resume/", "/safety/lock/", "/safety/lift/1/"])
    def test_nothing_is_changed_by_looking(self, client, path):
        client.force_login(make_person("administrator"))
        assert client.get(path).status_code == 405
