"""The gateway's REST interface: parse, call the deed, answer."""
