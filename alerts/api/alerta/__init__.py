"""Alerta's API below `/alerta/`, beside the door for alerts: thin views over alerts/alerta."""
