"""What is written to the log of a request that failed."""

import json
import logging
import logging.config

import pytest
from django.test import RequestFactory

from opsportal.lib.logs import logging_settings


@pytest.fixture
def formatted():
    """A record as the portal writes it."""
    settings = logging_settings("INFO", "json")["formatters"]["structured"]
    formatter = logging.config.DictConfigurator({}).configure_custom(dict(settings))

    def write(**extra):
        record = logging.LogRecord("django.request", logging.ERROR, "", 0, "failed", (), None)
        record.__dict__.update(extra)
        return json.loads(formatter.format(record))

    return write


def test_a_request_is_written_without_its_query(formatted):
    request = RequestFactory().get("/alerta/alerts", {"api-key": "geheim"})
    assert formatted(request=request, status_code=503)["request"] == "GET /alerta/alerts"


def test_other_lines_say_nothing_of_requests(formatted):
    assert "request" not in formatted(rows=3)
