"""The app's configuration."""

from django.apps import AppConfig


class SecurityConfig(AppConfig):
    """The app."""

    name = "security"
    verbose_name = "Cloud security"
