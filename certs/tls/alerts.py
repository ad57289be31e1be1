"""The alerts of TLS, by number."""

import re
import ssl

# IANA's TLS Alerts registry.
ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}
UNRECOGNIZED_NAME = 112

# OpenSSL's names of alerts that came from the other side, such as SSLV3_ALERT_HANDSHAKE_FAILURE.
_OPENSSL = {
    prefix + name.upper(): number
    for number, name in ALERTS.items()
    for prefix in ("SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV1_", "TLSV13_ALERT_")
}
# An alert in the clear, alone in its record.
_RECORD = re.compile(rb"\x15\x03[\x00-\x04]\x00\x02[\x01\x02](.)\Z", re.DOTALL)


def alert_of(error: ssl.SSLError, received: bytes) -> int | None:
    """The number of the alert that ended the handshake; None where it was not an alert.

    `received` is what came last: numbers that OpenSSL has no name for are only there.
    """
    number = _OPENSSL.get(error.reason or "")
    if number is None and (found := _RECORD.search(received)):
        return found[1][0]
    return number


def alert_name(number: int) -> str:
    """Such as "handshake_failure"."""
    return ALERTS.get(number, "unknown alert")
