"""Where the API answers, below `/api/v1/certs/`."""

from django.urls import URLPattern, path

from certs.api.endpoint_urls import endpoint_urlpatterns
from certs.api.lifecycle_urls import lifecycle_urlpatterns
from certs.api.read_urls import read_urlpatterns
from certs.api.source_urls import source_urlpatterns
from certs.api.trust import TrustStoreList

api_urlpatterns: list[URLPattern] = [
    *source_urlpatterns,
    path("trust-stores", TrustStoreList.as_view(), name="api-certs-trust-stores"),
    *read_urlpatterns,
    *lifecycle_urlpatterns,
    *endpoint_urlpatterns,
]
