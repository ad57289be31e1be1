"""CloudEvents 1.0 over HTTP, for changes.

Contract: cloudevents/spec, spec.md, bindings/http-protocol-binding.md, formats/json-format.md,
http-webhook.md and extensions/ of 1.0.2 and later.
"""

from chronos.formats.cloudevents.door import CloudEventsFormat

__all__ = ["CloudEventsFormat"]
