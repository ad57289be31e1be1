"""A real mail server (aiosmtpd), beside those that tests make up."""

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

from certs.tls import Result
from tests.certs.pki import Issued
from tests.certs.tls.reads import read, server_context
from tests.portal import free_port


def test_a_mail_server_with_and_without_tls(issued: Issued) -> None:
    with server_context(issued) as context:
        for tls in (context, None):
            controller = Controller(Sink(), "127.0.0.1", free_port(), tls_context=tls)
            controller.start()
            try:
                reading = read(controller.port, protocol="smtp")
            finally:
                controller.stop()
            if tls:
                assert (reading.result, list(reading.chain)) == (Result.OK, issued.chain)
            else:
                assert reading.result is Result.STARTTLS_REFUSED
                assert reading.detail.startswith("not offered, only: ")
