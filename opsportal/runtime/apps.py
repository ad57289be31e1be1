"""The app's configuration."""

from django.apps import AppConfig


class RuntimeConfig(AppConfig):
    """The running portal."""

    name = "opsportal.runtime"
    label = "runtime"
    verbose_name = "Running portal"
