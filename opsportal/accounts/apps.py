"""The app's configuration."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, teams, keys."""

    name = "opsportal.accounts"
    label = "accounts"
    verbose_name = "People and keys"
