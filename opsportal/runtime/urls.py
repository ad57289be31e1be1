"""Where machines ask after the portal itself."""

from django.urls import path

from opsportal.runtime.health import healthz, readyz
from opsportal.runtime.metrics import metrics

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
]
