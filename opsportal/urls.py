"""Where everything answers."""

from django.contrib import admin
from django.urls import include, path

from alerts import urls as alerts_urls
from certs import urls as certs_urls
from chronos import urls as chronos_urls
from opsportal.accounts import urls as accounts_urls
from opsportal.accounts.docs import DocsView, SchemaView
from opsportal.safety import urls as safety_urls
from security import urls as security_urls

urlpatterns = [
    path("", include("opsportal.runtime.urls")),
    path("admin/", admin.site.urls),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(), name="api-docs"),
    path("api/v1/", include(accounts_urls.api_urlpatterns)),
    path("api/v1/", include(alerts_urls.api_urlpatterns)),
    path("api/v1/", include(chronos_urls.api_urlpatterns)),
    path("api/v1/", include(safety_urls.api_urlpatterns)),
    path("api/v1/security/", include(security_urls.api_urlpatterns)),
    path("api/v1/", include(certs_urls.upload_urlpatterns)),
    path("api/v1/certs/", include(certs_urls.api_urlpatterns)),
    path("", include(safety_urls.urlpatterns)),
    path("", include(certs_urls.urlpatterns)),
    path("", include(security_urls.urlpatterns)),
    path("", include(chronos_urls.urlpatterns)),
    path("", include(alerts_urls.intake_urlpatterns)),
    path("", include(alerts_urls.urlpatterns)),
]

handler400 = "opsportal.lib.api.handlers.bad_request"
handler403 = "opsportal.accounts.pages.forbidden"
handler404 = "opsportal.accounts.pages.not_found"
handler500 = "opsportal.lib.api.handlers.failed"
