"""Where the timeline's API answers, below `/api/v1/`."""

from django.urls import URLPattern

api_urlpatterns: list[URLPattern] = []
