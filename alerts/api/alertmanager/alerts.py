"""Alerts, groups and receivers."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from alerts.alertmanager.alerts import list_alerts, list_groups
from alerts.alertmanager.routing import receiver_names
from alerts.api.alertmanager.parameters import read_receiver_matchers, read_wanted
from alerts.api.alertmanager.views import AlertmanagerView, answer_json
from alerts.intake_views import intake_view
from alerts.policy import load_policy
from opsportal.accounts.permissions import scoped
from opsportal.lib.times import utc_now


class Alerts(AlertmanagerView):
    """The open alerts; and, by POST, the intake."""

    permission_classes = [scoped("alerts:read")]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A POST is not this framework's: the intake must be fast."""
        if request.method == "POST":
            return intake_view(request)
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: Request) -> HttpResponse:
        """Those asked for."""
        return answer_json(list_alerts(read_wanted(request.query_params), now=utc_now()))

    def post(self, request: Request) -> HttpResponseBase:
        """`dispatch` hands it over; named here as a method that is allowed."""
        return intake_view(request._request)


class Groups(AlertmanagerView):
    """The open alerts in their groups."""

    permission_classes = [scoped("alerts:read")]

    def get(self, request: Request) -> HttpResponse:
        """Those asked for."""
        return answer_json(list_groups(read_wanted(request.query_params), now=utc_now()))


class Receivers(AlertmanagerView):
    """Everybody who may be told."""

    permission_classes = [scoped("alerts:read")]

    def get(self, request: Request) -> HttpResponse:
        """Their names."""
        matched = read_receiver_matchers(request.query_params)
        names = receiver_names(load_policy()) if matched else []
        return answer_json([{"name": name} for name in names])
