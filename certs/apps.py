"""The app's configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import import_string


class CertsConfig(AppConfig):
    """The app."""

    name = "certs"
    verbose_name = "Certificates"

    def ready(self) -> None:
        """The trust stores that the portal brings are there after each migration."""
        post_migrate.connect(
            import_string("certs.validate.stores.create_default_stores"), sender=self
        )
