"""The app's configuration."""

from importlib import import_module

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    """The running portal."""

    name = "opsportal.runtime"
    label = "runtime"
    verbose_name = "Running portal"

    def ready(self) -> None:
        """Register the system checks; they import what other apps have to be ready for."""
        import_module("opsportal.runtime.checks")
