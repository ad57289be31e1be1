"""Protocols by name (IANA, "Assigned Internet Protocol Numbers")."""

_NAMES = {"-1": "all", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}


def protocol_name(protocol: object) -> str:
    """The name that AWS uses beside the number; other numbers as they are; -1 is "all"."""
    number = str(protocol).lower()
    return _NAMES.get(number, number)
