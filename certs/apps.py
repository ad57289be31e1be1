"""The app's configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CertsConfig(AppConfig):
    """The app."""

    name = "certs"
    verbose_name = "Certificates"

    def ready(self) -> None:
        """The trust stores that the portal brings are there after each migration."""
        from certs.validate import create_default_stores

        post_migrate.connect(create_default_stores, sender=self)
