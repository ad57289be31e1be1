"""Where the cloud's configuration answers: pages and API."""

from django.urls import URLPattern, path

from security.api.urls import api_urlpatterns
from security.views.accounts import show_account, show_accounts, test_account
from security.views.finding_urls import finding_urlpatterns
from security.views.health import collect, show_errors, show_health, show_scope
from security.views.history_urls import history_urlpatterns
from security.views.unannounced import show_unannounced

urlpatterns: list[URLPattern] = [
    *history_urlpatterns,
    path("security/accounts/", show_accounts, name="cloud-accounts"),
    path("security/accounts/<int:account_pk>/", show_account, name="cloud-account"),
    path("security/accounts/<int:account_pk>/test/", test_account, name="cloud-account-test"),
    path("security/health/", show_health, name="cloud-health"),
    path("security/health/errors/", show_errors, name="cloud-errors"),
    path("security/health/collect/", collect, name="cloud-collect"),
    path("security/health/scopes/<int:scope_pk>/", show_scope, name="cloud-scope"),
    path("security/unannounced/", show_unannounced, name="cloud-unannounced"),
    *finding_urlpatterns,
]

__all__ = ["api_urlpatterns", "urlpatterns"]
