"""A day of alerts for `manage.py demo`."""

from alerts.demo.day import AlertDemo
from alerts.demo.troubles import CloudDemo, FlappingDemo, HeartbeatDemo, MailDemo
from alerts.demo.webhooks import WebhookDemo

__all__ = ["AlertDemo", "CloudDemo", "FlappingDemo", "HeartbeatDemo", "MailDemo", "WebhookDemo"]
