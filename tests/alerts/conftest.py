"""The other sides that tests of delivery talk to, and who is signed in."""

import pytest

from tests.accounts.people import make_person, make_team
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
