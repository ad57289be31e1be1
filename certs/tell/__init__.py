"""Findings become alerts of the gateway."""

from certs.tell.tell import alert_keys_of, end_alerts, tell_findings

__all__ = ["alert_keys_of", "end_alerts", "tell_findings"]
