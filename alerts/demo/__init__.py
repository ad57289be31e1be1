"""A day of alerts for `manage.py demo`."""

from alerts.demo.day import AlertDemo

__all__ = ["AlertDemo"]
