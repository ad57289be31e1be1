"""The other sides that tests of delivery talk to, and who is signed in."""

import json
import re

import pytest

from alerts.formats.aws.certificates import forget_certificates
from alerts.models import SnsTopic
from tests.accounts.people import make_key, make_person, make_team
from tests.alerts.amazon import TOPIC, amazon_server
from tests.alerts.moto import ACCOUNT, CREDENTIALS, REGION, moto_cloud
from tests.alerts.receivers import http_server, mail_server


@pytest.fixture
def mails(settings):
    with mail_server() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield found


@pytest.fixture
def hooks():
    with http_server() as found:
        yield found


@pytest.fixture(scope="session")
def moto_server():
    with moto_cloud() as found:
        yield found


@pytest.fixture
def cloud(moto_server, monkeypatch, settings):
    """An empty cloud that the portal may act in."""
    moto_server.reset()
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server.url)
    settings.REMEDIATE_ACCOUNTS, settings.REMEDIATE_REGIONS = [ACCOUNT], [REGION]
    return moto_server


@pytest.fixture
def pair(cloud):
    """Two instances of one group that may be rebooted and terminated."""
    return cloud.launch(2, remediate="all", group="web")


@pytest.fixture
def others():
    """A second receiver of webhooks."""
    with http_server() as found:
        yield found


@pytest.fixture
def team():
    return make_team("payments")


@pytest.fixture
def login(client, team):
    """Sign somebody in who has that role in the team."""

    def become(role):
        person = make_person(role, team if role != "administrator" else None)
        client.force_login(person)
        return person

    return become


@pytest.fixture(scope="session")
def amazon_itself(tmp_path_factory):
    folder = tmp_path_factory.mktemp("amazon")
    with amazon_server(folder) as found:
        yield found, folder / "roots.pem"


@pytest.fixture
def amazon(amazon_itself, settings, monkeypatch):
    """An Amazon whose addresses and roots the portal takes for the real one's."""
    found, roots = amazon_itself
    found.reset()
    settings.SNS_HOSTS = re.escape(found.url.removeprefix("https://"))
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    forget_certificates()
    yield found
    forget_certificates()


@pytest.fixture
def sns_key(db):
    """A key whose address SNS is given, and its text."""
    return make_key("alerts:write", short=True, team=make_team("cloud"))


@pytest.fixture
def topic(sns_key):
    """A topic that may send with it."""
    return SnsTopic.objects.create(key=sns_key[0], topic_arn=TOPIC)


@pytest.fixture
def post_sns(client, sns_key):
    """Posts as SNS does, to the key's own address: (status, headers, body)."""

    def post(message, path=f"/hooks/sns/{sns_key[1]}", **headers):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        given = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        reply = client.post(path, body, content_type="text/plain; charset=utf-8", **given)
        return reply.status_code, reply.headers, reply.json()

    return post
