"""Field names for each kind of message: layout.MESSAGE is named after requests, and every other kind shares its memory.

Readers write by their kind's names (`hello.traits`), and rows are read by them: `messages.view(CLIENT_HELLO_ROW)["traits"]`. A kind has
only the fields it names. Texts are in the places of a request's texts, so that they move with the pool for every kind.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from analyzer.flows.layout import MESSAGE, TEXTS

COMMON: Final = ("ts_ns", "record", "seq", "end", "ack", "side", "kind")


def row_over(**fields: str) -> np.dtype[Any]:
    """A row type over MESSAGE's memory with these names, each for a field or text of a request."""
    own = {old: new for new, old in fields.items()} | {
        f"{old}_{part}": f"{new}_{part}" for new, old in fields.items() if old in TEXTS for part in ("at", "size")
    }
    assert MESSAGE.names is not None
    names = [own.get(name, name if name in COMMON else f"no_{name}") for name in MESSAGE.names]
    formats = [MESSAGE[name] for name in MESSAGE.names]
    return np.dtype(list(zip(names, formats, strict=True)), align=True)


ANSWER_ROW: Final = row_over(status="code", location="host", schemes="scheme", traits="shape")
SOCKS_ANSWER_ROW: Final = row_over(reply="code")
CLIENT_HELLO_ROW: Final = row_over(server_name="host", alpn="path", ja4="agent", random="field", version="code", traits="port")
SERVER_HELLO_ROW: Final = row_over(version="code")
CERTIFICATE_ROW: Final = row_over(issuer="host", subject="path")
ALERT_ROW: Final = row_over(description="code")
DATAGRAM_ROW: Final = row_over(payload="host")
DNS_ROW: Final = row_over(name="host", query_type="port", message_id="shape", code="code", addresses="path", ttl_s="ack")
DHCP_ROW: Final = row_over(url="host", client="field", message_type="code")
PAC_ROW: Final = row_over(script="host")
REGION_ROW: Final = row_over(state="code", behind="port", holds="shape", found="ack")


def as_answer(message):
    return message.over(ANSWER_ROW)


def as_socks_answer(message):
    return message.over(SOCKS_ANSWER_ROW)


def as_client_hello(message):
    return message.over(CLIENT_HELLO_ROW)


def as_server_hello(message):
    return message.over(SERVER_HELLO_ROW)


def as_certificate(message):
    return message.over(CERTIFICATE_ROW)


def as_alert(message):
    return message.over(ALERT_ROW)


def as_datagram(message):
    return message.over(DATAGRAM_ROW)


def as_dns(message):
    return message.over(DNS_ROW)


def as_dhcp(message):
    return message.over(DHCP_ROW)


def as_pac(message):
    return message.over(PAC_ROW)


def as_region(message):
    return message.over(REGION_ROW)
