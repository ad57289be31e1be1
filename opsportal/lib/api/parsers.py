"""Bodies of requests."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from opsportal.lib.errors import TooLargeError


class JSONParser(BaseParser):
    """JSON within bounds: no endless body, no nesting that exhausts the stack, no NaN."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The decoded body. Raises TooLargeError or ParseError."""
        most: int = settings.MAX_BODY_BYTES
        body = stream.read(most + 1)
        if len(body) > most:
            raise TooLargeError(f"The body is larger than {most} bytes.")
        return self.decode(body)

    def decode(self, body: bytes) -> Any:
        """What the JSON says; for contracts that want it otherwise. Raises ParseError."""
        try:
            return msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ParseError(f"The body is not JSON: {error}") from error
        except RecursionError as error:
            raise ParseError("The body is nested too deep.") from error
