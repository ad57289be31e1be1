"""The app's configuration."""

from django.apps import AppConfig


class SafetyConfig(AppConfig):
    """Operations and their brakes."""

    name = "opsportal.safety"
    label = "safety"
    verbose_name = "Safety"
