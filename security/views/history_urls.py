"""Where the pages of configurations and their history are."""

from django.urls import URLPattern, path

from security.views.feed import review, show_feed
from security.views.inventory import show_addresses, show_inventory
from security.views.resource import comment, show_resource
from security.views.revision import compare_revisions, show_revision, withdraw

history_urlpatterns: list[URLPattern] = [
    path("security/", show_feed, name="security-changes"),
    path("security/review/", review, name="security-review"),
    path("security/inventory/", show_inventory, name="security-inventory"),
    path("security/addresses/", show_addresses, name="security-addresses"),
    path("security/compare/", compare_revisions, name="security-compare"),
    path("security/resources/<int:resource_id>/", show_resource, name="security-resource"),
    path("security/resources/<int:resource_id>/comment/", comment, name="security-comment"),
    path("security/revisions/<int:revision_id>/", show_revision, name="security-revision"),
    path("security/revisions/<int:revision_id>/withdraw/", withdraw, name="security-withdraw"),
]
