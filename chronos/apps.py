"""The app's configuration."""

from django.apps import AppConfig


class ChronosConfig(AppConfig):
    """The app."""

    name = "chronos"
    verbose_name = "Changes"
