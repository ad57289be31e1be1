"""Apprise: services by their URL, of an allow-list in which no URL chooses a host."""

import importlib
import subprocess
import sys

import pytest

from alerts.channels.apprise import AppriseChannel
from opsportal import plugins
from opsportal.lib.errors import DeliveryError, PayloadError
from tests.alerts.receivers import Reply, http_server
from tests.alerts.test_channels_email import message


@pytest.fixture
def server(settings):
    """A service on this machine, which is allowed for once."""
    settings.APPRISE_SCHEMES = ["json"]
    with http_server() as found:
        yield found


def url_of(server) -> str:
    return f"{server.url}/t0ken".replace("http:", "json:")


def test_a_message_is_handed_over(server):
    said = message(acknowledge_url="http://portal.example.org/a/x/")
    assert AppriseChannel.send(said, {"url": url_of(server)}).startswith("handed over")
    body = server.requests[0].json
    assert body["title"] == "[CRITICAL] billing: Disk is full"
    assert body["type"] == "failure"
    assert body["message"].startswith("Acknowledge: http://portal.example.org/a/x/\nOpen: http")
    AppriseChannel.send(message(kind="resolved", own_body="all is well"), {"url": url_of(server)})
    body = server.requests[1].json
    assert (body["type"], body["message"]) == ("success", "all is well")


@pytest.mark.parametrize(
    ("status", "permanent"), [(401, True), (404, True), (429, False), (500, False), (503, False)]
)
def test_the_status_is_read_out_of_what_apprise_says(server, status, permanent):
    server.reply = lambda request: Reply(status, b"no")
    with pytest.raises(DeliveryError, match=f"error={status}") as caught:
        AppriseChannel.send(message(), {"url": url_of(server)})
    assert caught.value.permanent is permanent
    assert len(server.requests) == 1


def test_redirects_are_not_followed(server):
    elsewhere = server.url + "/private"
    server.reply = lambda request: Reply(307, b"", {"Location": elsewhere})
    with pytest.raises(DeliveryError):
        AppriseChannel.send(message(), {"url": url_of(server)})
    assert [request.path for request in server.requests] == ["/t0ken"]


def test_nobody_there_is_worth_a_retry(settings):
    settings.APPRISE_SCHEMES = ["json"]
    with pytest.raises(DeliveryError, match="onnection") as caught:
        AppriseChannel.send(message(), {"url": "json://127.0.0.1:9/x"})
    assert not caught.value.permanent


def test_a_url_of_an_allowed_service_that_makes_no_sense_is_final():
    with pytest.raises(DeliveryError, match="does not understand") as caught:
        AppriseChannel.send(message(), {"url": "discord://x"})
    assert caught.value.permanent


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1/",
        "xml://10.0.0.1/",
        "form://localhost/",
        "mailto://user:pass@10.0.0.1",
        "ntfy://10.0.0.1/topic",
        "syslog://",
        "dbus://",
        "windows://",
        "file:///etc/passwd",
        "https://discord.com.example.org/",
        "tgram://token/1?template=/etc/passwd",
        "discord://1/2?redirect=yes",
        "discord://1/2?a=b&RETRY=100",
        "not a url",
        "",
    ],
)
def test_what_reads_files_or_chooses_hosts_is_refused(url):
    with pytest.raises(PayloadError) as caught:
        AppriseChannel.clean({"url": url})
    assert caught.value.errors[0].field == "settings.url"
    with pytest.raises(DeliveryError):
        AppriseChannel.send(message(), {"url": url})


def test_a_complaint_repeats_no_token():
    with pytest.raises(PayloadError) as caught:
        AppriseChannel.clean({"url": "json://t0ken@example.org/t0ken"})
    assert "t0ken" not in caught.value.message


def test_no_service_of_the_list_takes_a_host_from_its_url():
    known = importlib.import_module("apprise.manager_plugins").NotificationManager()
    for scheme in plugins.APPRISE_KNOWN:
        service = known[scheme]
        assert not {"host", "hostname", "endpoint", "domain"} & set(service.template_tokens), scheme
        for arg in service.template_args:
            assert arg not in {"host", "server", "endpoint", "domain"}, scheme


def test_apprise_is_not_loaded_before_it_is_needed():
    code = (
        "import django, sys; django.setup();"
        "from opsportal.lib.registry import plugins; plugins('ALERT_CHANNELS');"
        "import alerts.tasks, opsportal.urls; sys.exit('apprise' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
