"""The demo's mail server: takes every letter, and tells whom it was for and what it said."""

import importlib
import importlib.util
from collections.abc import Callable
from email import message_from_bytes, policy
from typing import Any

from django.conf import settings


class DemoMail:
    """A mail server where the portal sends its letters, if that is this machine."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self.taken = 0

    def start(self) -> bool:
        """Listen; False when letters do not go to this machine, or aiosmtpd is not installed."""
        here = settings.EMAIL_HOST == "127.0.0.1"
        if not here or importlib.util.find_spec("aiosmtpd") is None:
            return False
        # A tool of the demo and the tests, so not among what the portal itself is installed with.
        controller: Any = importlib.import_module("aiosmtpd.controller")
        controller.Controller(self, hostname="127.0.0.1", port=settings.EMAIL_PORT).start()
        return True

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802
        """aiosmtpd's name for: a letter has come."""
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.taken += 1
        self._tell(f"e-mail       to {', '.join(envelope.rcpt_tos)}: {letter['Subject']}")
        return "250 taken"
