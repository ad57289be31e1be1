"""Alerta's API: `POST /alerta/alert`. Its documents are kept by alerts/alerta.

An alert of Alerta is a document that lives on, so what is posted is no event yet: its order has it
received by the document, which tells the gateway.
"""

from urllib.parse import parse_qs

from alerts.formats import AlertFormat
from alerts.formats.alerta.body import read_alert, read_object
from alerts.formats.alerta.write import refusal_of
from opsportal.lib.contracts import Parsed, Received, Reply
from opsportal.lib.errors import OpsError, UnsupportedMediaError


class AlertaFormat(AlertFormat):
    """`POST /alerta/alert`."""

    slug = "alerta"
    label = "Alerta"
    paths = ("/alerta/alert",)
    key_in_body = True  # in the query, that is
    alone = True

    def key_text(self, received: Received) -> str:
        """`?api-key=`."""
        return parse_qs(received.query).get("api-key", [""])[0]

    def parse(self, received: Received) -> Parsed:
        """One alert, to be received by its document."""
        require_json(received.content_type)
        posted = read_alert(read_object(received.body), received.body)
        return Parsed((), many=False, orders=[posted], ordered=1)

    def refuse(self, error: OpsError) -> Reply:
        """Alerta's shape."""
        return refusal_of(error)


def require_json(content_type: str) -> None:
    """Raises UnsupportedMediaError, as Alerta does before it looks at anything else."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise UnsupportedMediaError(
            "POST and PUT requests must set 'Content-type' to 'application/json'"
        )
