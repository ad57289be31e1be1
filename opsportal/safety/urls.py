"""Where the brakes answer."""

from django.urls import path

from opsportal.safety.api import Safety, StopEverything
from opsportal.safety.views import (
    change_lock,
    confirm_stop,
    lift,
    resume,
    show_operation,
    show_safety,
)

urlpatterns = [
    path("safety/", show_safety, name="safety"),
    path("safety/stop/", confirm_stop, name="safety-stop"),
    path("safety/resume/", resume, name="safety-resume"),
    path("safety/lock/", change_lock, name="safety-lock"),
    path("safety/lift/<int:suspension_id>/", lift, name="safety-lift"),
    path("safety/operations/<int:operation_id>/", show_operation, name="operation"),
]
api_urlpatterns = [
    path("safety", Safety.as_view(), name="api-safety"),
    path("safety/stop", StopEverything.as_view(), name="api-safety-stop"),
]
