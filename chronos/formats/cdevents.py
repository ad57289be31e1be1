"""CDEvents posted by themselves, for senders that wrap them in no CloudEvent."""

from typing import ClassVar

from chronos.formats.cloudevents.cdevents import change_of_cdevent
from chronos.formats.cloudevents.door import BATCHED, STRUCTURED, CloudEventsFormat, parse_members
from chronos.formats.cloudevents.envelope import read_object
from chronos.normalise import Change
from opsportal.lib.contracts import Parsed, Received, split_json
from opsportal.lib.redact import redact_value


class CdEventsFormat(CloudEventsFormat):
    """One CDEvent or an array of them; what is a CloudEvent is taken as such."""

    slug = "cdevents"
    label = "CDEvents"
    paths: ClassVar[tuple[str, ...]] = ("/hooks/cdevents", "/hooks/cdevents/<key>")

    def parse(self, received: Received) -> Parsed:
        """By the headers: a CloudEvent says that it is one."""
        media = received.content_type.strip().lower()
        if received.headers or media.startswith((STRUCTURED, BATCHED)):
            return super().parse(received)
        members, many = split_json(received.body)
        if many:
            return parse_members(members, _change)
        return Parsed(changes=[_change(members[0])], many=False)


def _change(member: bytes) -> Change:
    return change_of_cdevent(redact_value(read_object(member)))
