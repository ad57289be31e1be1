"""The admin's site, with the audit trail."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from opsportal.accounts.actors import actor_of
from opsportal.accounts.audit import record_audit
from opsportal.lib.admin import PortalSite
from opsportal.lib.times import utc_now


class AccountsSite(PortalSite):
    """The one site; `opsportal.lib.admin.site` is it."""

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Change one's own password, and leave an audit entry."""
        user: Any = request.user
        before = user.password
        with transaction.atomic():
            response: HttpResponse = super().password_change(request, extra_context)
            if user.password != before:
                record_audit(actor_of(request), "change password", user, now=utc_now())
        return response
