"""`POST /hooks/github`: which event it is, from whom, and whether it came before."""

from collections.abc import Sequence
from urllib.parse import parse_qs

from chronos.formats import ChangeFormat
from chronos.formats.github.code import CODE_READERS
from chronos.formats.github.deployments import DEPLOYMENT_READERS
from chronos.formats.github.hook import Hook
from chronos.formats.reading import answer_changes, parsed_one, read_object
from chronos.normalise import ChangeReceipt
from opsportal.lib.contracts import KEY_IN_PATH, Parsed, Received, Reply
from opsportal.lib.errors import FieldError, PayloadError

EVENT, DELIVERY = "x-github-event", "x-github-delivery"
FORM = "application/x-www-form-urlencoded"
_READERS = {**DEPLOYMENT_READERS, **CODE_READERS}


class GitHubFormat(ChangeFormat):
    """One event; what is of no interest is answered 200 and kept as ignored."""

    slug = "github"
    label = "GitHub webhook"
    paths = ("/hooks/github", f"/hooks/github{KEY_IN_PATH}")
    # GitHub sends up to 25 MB.
    max_body = 25 * 1024 * 1024
    # It never sends again by itself.
    overload = None
    signature_header = "X-Hub-Signature-256"
    keeps_headers = (EVENT, DELIVERY)

    def parse(self, received: Received) -> Parsed:
        """A redelivery has the number of the first, and is answered as that was."""
        name = received.headers.get(EVENT, "")
        if not name:
            message = "X-GitHub-Event is missing: this is no webhook of GitHub's."
            raise PayloadError(message, [FieldError("X-GitHub-Event", "is required")])
        payload = read_object(_body(received))
        delivery = received.headers.get(DELIVERY, "")
        token = f"github:{delivery}"[:255] if delivery else ""
        reader = _READERS.get(name)
        found = reader(Hook(payload)) if reader else f"{name[:100]} events are not recorded."
        return parsed_one(found, token)

    def answer(self, parsed: Parsed, receipts: Sequence[ChangeReceipt]) -> Reply:
        """200 with what became of it; GitHub shows it beside the delivery."""
        return answer_changes(parsed, receipts)


def _body(received: Received) -> bytes:
    """The JSON, which may stand in a form's field."""
    form = received.content_type.partition(";")[0].strip().lower() == FORM
    if not form or received.body.lstrip()[:1] == b"{":
        return received.body
    try:
        fields = parse_qs(received.body.decode("ascii"), strict_parsing=True, max_num_fields=10)
        return fields["payload"][0].encode()
    except (ValueError, KeyError) as error:
        raise PayloadError("The form has no field `payload`.") from error
