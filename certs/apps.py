"""The app's configuration."""

from django.apps import AppConfig


class CertsConfig(AppConfig):
    """The app."""

    name = "certs"
    verbose_name = "Certificates"
