"""The app's configuration."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """The app."""

    name = "alerts"
    verbose_name = "Alerts"
