"""What the portal is to those who take it for an Alertmanager: its alerts, groups, silences and
routing in the words of Alertmanager's API v2 (prometheus/alertmanager api/v2/openapi.yaml).
"""
