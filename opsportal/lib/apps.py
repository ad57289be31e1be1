"""Django's admin, with the portal's own site as the default one."""

from django.contrib.admin.apps import AdminConfig


class PortalAdminConfig(AdminConfig):
    """Third-party registrations land on the portal's site as well."""

    default_site = "opsportal.accounts.site.AccountsSite"
