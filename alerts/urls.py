"""Where the gateway answers: pages, its REST API, and the doors of the alert formats."""

from django.urls import path

from alerts.intake import INTAKES
from alerts.intake_views import intake_view, ready

urlpatterns: list[object] = []

api_urlpatterns: list[object] = []

intake_urlpatterns = [
    *(path(door.lstrip("/"), intake_view) for door in INTAKES),
    path("alertmanager/-/ready", ready),
    path("alertmanager/-/healthy", ready),
]
