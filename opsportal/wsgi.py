"""What the web server calls: alerts past Django's middleware, everything else through it."""

import os
from collections.abc import Iterable
from http.client import responses
from typing import TYPE_CHECKING, Any

from django.core.handlers.wsgi import get_path_info
from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opsportal.settings")

django = get_wsgi_application()

# Models can be imported only once Django is set up.
from alerts.intake import Posted, find_door, take_in
from alerts.submit import store_shared
from opsportal.lib.memory import calm_collector
from opsportal.lib.requests import request_id
from opsportal.lib.statements import bound_statements
from opsportal.lib.times import utc_now

calm_collector()
bound_statements()


def application(environ: dict[str, Any], start_response: "StartResponse") -> Iterable[bytes]:
    """WSGI (PEP 3333)."""
    door = find_door(get_path_info(environ))
    if door is None or environ["REQUEST_METHOD"] not in door.format.methods:
        return django(environ, start_response)
    request = Posted(environ, environ["wsgi.input"].read)
    reply = take_in(door, request, now=utc_now(), store=store_shared)
    start_response(
        f"{reply.status} {responses.get(reply.status, '')}",
        [
            ("Content-Type", reply.content_type),
            ("Content-Length", str(len(reply.body))),
            ("X-Request-ID", request_id(environ.get("HTTP_X_REQUEST_ID", ""))),
            ("X-Content-Type-Options", "nosniff"),
            *reply.headers.items(),
        ],
    )
    return [reply.body]
