"""How a TLS handshake ends early: alerts, and whether the client continued after its ClientHello.

A client that rejects the server's certificate sends an alert and closes. In TLS 1.2 and older the alert is readable. In TLS 1.3 it is
encrypted, and recognized by its size: the first encrypted records of a client are its certificate or Finished, and neither fits
into 19 bytes: an alert's two, the content type, and a tag of 16 (RFC 8446 5.2).
Source: RFC 8446 6 and 5.2, RFC 5246 7.2, RFC 8446 D.4 (ChangeCipherSpec for middleboxes).
"""

from __future__ import annotations

from typing import Final

from analyzer.flows.layout import ALERT, ENCRYPTED_ALERT, WENT_ON
from analyzer.flows.messages import as_alert
from analyzer.packets.fields import u16
from analyzer.readers.states import FOUND_ALERT, FOUND_ENCRYPTED, FOUND_MORE_HANDSHAKE, FOUND_WARNING, FOUND_WENT_ON, MORE, NOT
from analyzer.readers.texts import new_message

CHANGE_CIPHER_SPEC_RECORD: Final = 20
ALERT_RECORD: Final = 21
HANDSHAKE_RECORD: Final = 22
APPLICATION_RECORD: Final = 23
CLIENT_HELLO_MESSAGE: Final = 1
ALERT_SIZE: Final = 2
ALERT_RECORD_SIZE: Final = 7
ENCRYPTED_ALERT_SIZE: Final = 19
WARNING: Final = 1  # the alert level

# Descriptions of warnings after which a handshake continues: a server that doesn't know the name in the hello may send one before its
# own hello (RFC 6066 3); a client without a certificate in SSL 3.0 (RFC 6101 5.4.2); a side that refuses renegotiation (RFC 5246 7.2.2).
NO_CERTIFICATE: Final = 41
NO_RENEGOTIATION: Final = 100
UNRECOGNIZED_NAME: Final = 112

NAMES: Final = {
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
    121: "ech_required",
    ENCRYPTED_ALERT: "encrypted",
}
"""The names of alerts (IANA, TLS Alerts)."""


def starts_like_alert(buf, at, end):
    """True when an unencrypted alert begins here."""
    return (
        end - at >= ALERT_RECORD_SIZE
        and buf[at] == ALERT_RECORD
        and buf[at + 1] == 3
        and buf[at + 2] <= 4
        and u16(buf, at + 3) == ALERT_SIZE
        and 1 <= buf[at + 5] <= 2
    )


def is_passing(buf, at):
    """True for an alert at `at` that is a warning which doesn't end the handshake."""
    return buf[at + 5] == WARNING and buf[at + 6] in (NO_CERTIFICATE, NO_RENEGOTIATION, UNRECOGNIZED_NAME)


def read_alert(tables, buf, cursor):
    """The end of the bytes, with an unencrypted alert kept as a message, the position behind a warning, MORE, or NOT."""
    at, end = cursor.at, cursor.end
    if end - at < ALERT_RECORD_SIZE:
        return MORE if buf[at] == ALERT_RECORD and (end - at < 2 or buf[at + 1] == 3) else NOT
    if not starts_like_alert(buf, at, end):
        return NOT
    as_alert(new_message(tables, cursor, ALERT, 0)).description = buf[at + 6]
    if is_passing(buf, at):
        cursor.found = FOUND_WARNING
        return at + ALERT_RECORD_SIZE
    cursor.found = FOUND_ALERT
    return end


def read_after_hello(tables, buf, cursor):
    """The position behind a record that decides nothing, MORE, or the end, with an alert kept as a message, or that the client went on.

    A ChangeCipherSpec, a warning, and a second hello after a HelloRetryRequest decide nothing.
    """
    at, end = cursor.at, cursor.end
    kind = buf[at]
    if starts_like_alert(buf, at, end) and is_passing(buf, at):
        cursor.found = FOUND_MORE_HANDSHAKE
        return at + ALERT_RECORD_SIZE
    p = read_alert(tables, buf, cursor)
    if p != NOT:
        return p
    cursor.found = FOUND_ENCRYPTED
    if kind in (CHANGE_CIPHER_SPEC_RECORD, HANDSHAKE_RECORD, APPLICATION_RECORD):
        if end - at < 6:
            return MORE
        size = u16(buf, at + 3)
        retried = kind == HANDSHAKE_RECORD and buf[at + 5] == CLIENT_HELLO_MESSAGE
        if size > 0 and (kind == CHANGE_CIPHER_SPEC_RECORD or retried):
            cursor.found = FOUND_MORE_HANDSHAKE
            return at + 5 + size
        if kind == APPLICATION_RECORD and size == ENCRYPTED_ALERT_SIZE:
            as_alert(new_message(tables, cursor, ALERT, 0)).description = ENCRYPTED_ALERT
            cursor.found = FOUND_ALERT
        else:
            new_message(tables, cursor, WENT_ON, 0)
            cursor.found = FOUND_WENT_ON
    return end
