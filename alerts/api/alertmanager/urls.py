"""Where Alertmanager's API answers."""

from django.urls import path

from alerts.api.alertmanager.alerts import Alerts, Groups, Receivers
from alerts.api.alertmanager.silences import SilenceById, Silences
from alerts.api.alertmanager.status import Status, gone, nothing

alertmanager_urlpatterns = [
    path("alertmanager/api/v2/status", Status.as_view()),
    path("alertmanager/api/v2/receivers", Receivers.as_view()),
    path("alertmanager/api/v2/alerts", Alerts.as_view()),
    path("alertmanager/api/v2/alerts/groups", Groups.as_view()),
    path("alertmanager/api/v2/silences", Silences.as_view()),
    path("alertmanager/api/v2/silence/<str:silence_id>", SilenceById.as_view()),
    path("alertmanager/api/v2/<path:rest>", nothing),
    path("alertmanager/api/v1/<path:rest>", gone),
]
