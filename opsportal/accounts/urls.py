"""Where people and keys answer."""

from django.urls import URLPattern, path

from opsportal.accounts.api import WhoAmI

urlpatterns: list[URLPattern] = []
api_urlpatterns = [path("whoami", WhoAmI.as_view(), name="whoami")]
