"""Where the API answers, below `/api/v1/certs/`."""

from django.urls import URLPattern

api_urlpatterns: list[URLPattern] = []
