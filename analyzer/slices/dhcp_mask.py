"""Masked DHCP messages: addresses are replaced as in the packets, host and user names are blanked.

What shows how a client looks for a proxy stays: the message type, the requested options, and option 252 with its host name
replaced. Source: RFC 2131 2, RFC 2132.
name. Source: RFC 2131 2, RFC 2132.
"""

from __future__ import annotations

from typing import Final

from analyzer.slices.addresses import Addresses
from analyzer.slices.masks import Masks

OPTIONS: Final = 240
COOKIE: Final = bytes.fromhex("63825363")
# Offsets of addresses in the fixed fields: ciaddr, yiaddr, siaddr and giaddr; and of the hardware address.
ADDRESSES: Final = (12, 16, 20, 24)
HARDWARE: Final = slice(28, 34)
PAD, END = 0, 255
# Options that identify no person: lease time, message type, parameter list, maximum size, renewal and rebinding times.
HARMLESS: Final = frozenset((51, 53, 55, 57, 58, 59))
SUBNET_MASK: Final = 1
# Options with addresses: routers, name servers, the requested address, the server's.
OF_ADDRESSES: Final = frozenset((3, 6, 50, 54))
PAC: Final = 252


def masked_dhcp(message: bytes, addresses: Addresses, masks: Masks) -> bytes:
    """The masked message, up to the first option that runs past its end; b"" where it isn't DHCP."""
    if len(message) < OPTIONS or message[236:OPTIONS] != COOKIE:
        return b""
    made = bytearray(len(message))
    made[:12] = message[:12]
    for at in ADDRESSES:
        made[at : at + 4] = addresses.packed(message[at : at + 4])
    made[HARDWARE] = addresses.mac(message[HARDWARE])
    made[236:OPTIONS] = COOKIE
    at = OPTIONS
    while at < len(message) and message[at] != END:
        if message[at] == PAD:
            at += 1
            continue
        if at + 2 > len(message) or at + 2 + message[at + 1] > len(message):
            return bytes(made[:at])
        code, body, end = message[at], at + 2, at + 2 + message[at + 1]
        made[at:body] = message[at:body]
        made[body:end] = _value(code, message[body:end], addresses, masks)
        at = end
    made[at : at + 1] = message[at : at + 1]
    return bytes(made)


def _value(code: int, value: bytes, addresses: Addresses, masks: Masks) -> bytes:
    if code in HARMLESS or code == SUBNET_MASK:
        return value
    if code in OF_ADDRESSES and len(value) % 4 == 0:
        return b"".join(addresses.packed(value[i : i + 4]) for i in range(0, len(value), 4))
    if code == PAC:
        text = value.rstrip(b"\0\n")
        return masks.url(text) + value[len(text) :]
    return bytes(len(value))
