"""Where the API answers, below `/api/v1/security/`."""

from django.urls import URLPattern

api_urlpatterns: list[URLPattern] = []
