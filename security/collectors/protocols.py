"""Protocols by name (IANA, "Assigned Internet Protocol Numbers")."""

from collections.abc import Mapping
from typing import Any

_NAMES = {"-1": "all", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


def protocol_name(protocol: object) -> str:
    """The name that AWS uses beside the number; other numbers as they are; -1 is "all"."""
    number = str(protocol).lower()
    return _NAMES.get(number, number)


def port_words(rule: Mapping[str, Any]) -> str:
    """The protocol and ports of a rule, such as "tcp 22"."""
    if rule["protocol"] == "all":
        return "all"
    if rule["from"] is None:
        return str(rule["protocol"])
    span = str(rule["from"]) if rule["from"] == rule["to"] else f"{rule['from']}-{rule['to']}"
    return f"{rule['protocol']} {span}"
