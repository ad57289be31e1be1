"""The other sides that tests of delivery talk to."""

import pytest

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
