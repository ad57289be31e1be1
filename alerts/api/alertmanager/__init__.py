"""Alertmanager's API v2 below `/alertmanager/`, for amtool, Prometheus and Grafana."""
