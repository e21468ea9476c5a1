"""Anonymized addresses: IP addresses keep their common prefixes, so hosts of one network stay in one network; MAC addresses keep nothing.

Source: Xu, Fan, Ammar, Moon, "Prefix-Preserving IP Address Anonymization", ICNP 2002 (Crypto-PAn), as yacryptopan has it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from typing import Final

# Addresses with the same meaning everywhere stay: this network, loopback, multicast, reserved, broadcast; IPv6: none, loopback, multicast.
EVERYONES: Final = {
    4: [(0x00, 8), (0x7F, 8), (0b111, 3)],
    6: [(0, 127), (0xFF, 8)],
}
# The network stays and the host is replaced: IPv6's link-local addresses contain MAC addresses.
KINDS: Final = {4: [], 6: [(0xFE80 >> 6, 10)]}
# Leading bits that stay in all other addresses, so that IPv6's global and local addresses keep their kind.
KEPT_BITS: Final = {4: 3, 6: 8}
BITS: Final = {4: 32, 6: 128}

KEY_BYTES: Final = 32


class Addresses:
    """Replaces each address, always by the same one. pan_key: the 32 bytes of Crypto-PAn's key."""

    def __init__(self, pan_key: bytes, mac_key: bytes) -> None:
        from yacryptopan import CryptoPAn

        self._pan = CryptoPAn(pan_key)
        self._mac_key = mac_key
        self._known: dict[tuple[int, int], int] = {}

    def text(self, address: str) -> str:
        """The anonymized address, both as text."""
        parsed = ipaddress.ip_address(address)
        return str(type(parsed)(self.number(parsed.version, int(parsed))))

    def network(self, network: str) -> str:
        """The network of the anonymized addresses of this network, both as CIDR."""
        parsed = ipaddress.ip_network(network)
        made = type(parsed.network_address)(self.number(parsed.version, int(parsed.network_address)))
        return str(ipaddress.ip_network(f"{made}/{parsed.prefixlen}", strict=False))

    def packed(self, raw: bytes) -> bytes:
        """The anonymized address, both as 4 or 16 bytes."""
        return self.number(4 if len(raw) == 4 else 6, int.from_bytes(raw, "big")).to_bytes(len(raw), "big")

    def number(self, version: int, value: int) -> int:
        """The anonymized address, both as integers."""
        key = version, value
        if key not in self._known:
            mask = (1 << (BITS[version] - kept_bits(version, value))) - 1
            self._known[key] = (value & ~mask) | (int(self._pan.anonymize_bin(value, version)) & mask)
        return self._known[key]

    def mac(self, raw: bytes) -> bytes:
        """The anonymized MAC address, marked as locally administered; group addresses and zeros stay."""
        if len(raw) != 6 or raw[0] & 1 or not any(raw):
            return raw
        made = self.digest(raw)[:6]
        return bytes([made[0] & 0xFC | 2]) + made[1:]

    def digest(self, raw: bytes) -> bytes:
        """A keyed digest of the bytes, with the key of the MAC addresses."""
        return hmac.new(self._mac_key, raw, hashlib.sha256).digest()


def kept_bits(version: int, value: int) -> int:
    """The number of leading bits of an address that stay: all of them for an address with the same meaning everywhere.

    Crypto-PAn changes each bit by the bits before it alone, so any number of leading bits may stay. The bits that an address shares
    with a network that stays must stay: otherwise another network would be mapped into it.
    """
    bits = BITS[version]
    kept = KEPT_BITS[version]
    for listed, is_whole in ((EVERYONES, True), (KINDS, False)):
        for prefix, size in listed[version]:
            shared = size - ((value >> (bits - size)) ^ prefix).bit_length()
            if shared == size and is_whole:
                return bits
            kept = max(kept, min(shared + 1, size))
    return kept
