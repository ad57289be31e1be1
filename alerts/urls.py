"""Where the gateway answers: pages, its REST API, and the doors of the alert formats."""

from django.urls import URLPattern, URLResolver, include, path

from alerts.api.alertmanager.urls import alertmanager_urlpatterns
from alerts.api.opsgenie import OpsgenieAlert, OpsgenieRequest
from alerts.api.urls import api_urlpatterns
from alerts.intake import doors
from alerts.intake_views import intake_view, ready
from alerts.views.alert import show_alert
from alerts.views.answer import answer
from alerts.views.console import console
from alerts.views.dashboard import dashboard
from alerts.views.explain import show_explanation
from alerts.views.matching import known_labels, read_hours, read_matchers
from alerts.views.noise import noise, noise_csv
from alerts.views.oncall import fetch, give_back, renew, show_board, show_schedule, take_over
from alerts.views.press import act
from alerts.views.remediation import show_remediation
from alerts.views.rules import order, restore, rule_version, rule_versions
from alerts.views.saved import change, save
from alerts.views.subscriptions import my_subscription, my_subscriptions
from alerts.views.suspect import judge
from opsportal.lib.contracts import path_route

urlpatterns = [
    path("", dashboard, name="dashboard"),
    path("a/<str:token>/", answer, name="answer"),
    path("alerts/", console, name="alerts"),
    path("alerts/act/", act, name="alerts-act"),
    path("alerts/noise/", noise, name="noise"),
    path("alerts/noise/<slug:table>.csv", noise_csv, name="noise-csv"),
    path("alerts/views/", save, name="alerts-save-view"),
    path("alerts/views/<int:view_id>/", change, name="alerts-change-view"),
    path("alerts/<int:alert_id>/explain/", show_explanation, name="alert-explain"),
    path("alerts/<int:alert_id>/", show_alert, name="alert"),
    path("alerts/<int:alert_id>/suspects/<int:change_id>/", judge, name="alert-suspect"),
    path("rules/matchers/", read_matchers, name="matchers"),
    path("rules/hours/", read_hours, name="hours"),
    path("rules/order/", order, name="rules-order"),
    path("rules/<int:rule_id>/versions/", rule_versions, name="rule-versions"),
    path("rules/<int:rule_id>/versions/<int:number>/", rule_version, name="rule-version"),
    path("rules/<int:rule_id>/versions/<int:number>/restore/", restore, name="rule-restore"),
    path("rules/labels/", known_labels, name="labels"),
    path("subscriptions/", my_subscriptions, name="subscriptions"),
    path("subscriptions/<int:subscription_id>/", my_subscription, name="subscription"),
    path("remediations/<int:remediation_id>/", show_remediation, name="remediation"),
    path("oncall/", show_board, name="oncall"),
    path("oncall/<int:schedule_id>/", show_schedule, name="oncall-schedule"),
    path("oncall/<int:schedule_id>/overrides/", take_over, name="oncall-take-over"),
    path("oncall/<int:schedule_id>/fetch/", fetch, name="oncall-fetch"),
    path("oncall/<int:schedule_id>/feed/", renew, name="oncall-feed"),
    path("oncall/overrides/<int:override_id>/remove/", give_back, name="oncall-give-back"),
]


# Some doors share their path with a list, which stands before them and hands every POST on.
intake_urlpatterns: list[URLPattern | URLResolver] = [
    *alertmanager_urlpatterns,
    *(path(path_route(door), intake_view) for door in doors()),
    path("alertmanager/-/ready", ready),
    path("alertmanager/-/healthy", ready),
    path("alerta/", include("alerts.api.alerta.urls")),
    *(
        route
        for prefix in ("v2/alerts", "opsgenie/v2/alerts")
        for route in (
            path(f"{prefix}/requests/<str:request_id>", OpsgenieRequest.as_view()),
            path(f"{prefix}/<path:identifier>", OpsgenieAlert.as_view()),
        )
    ),
]

__all__ = ["api_urlpatterns", "intake_urlpatterns", "urlpatterns"]
