"""Addresses and networks as text, and as numbers to compare."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

Network = IPv4Network | IPv6Network


def address_text(network: Network) -> str:
    """The network as text: a plain address for a single host, else CIDR."""
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def address_number(ip: str) -> int:
    """The address as a number, IPv6 above all of IPv4: ipaddress takes six times as long, and there may be 50,000 to compare."""
    if ":" in ip:
        return int.from_bytes(inet_pton(AF_INET6, ip)) | 1 << 128
    return int.from_bytes(inet_pton(AF_INET, ip))


NAT64 = "64:ff9b::"
"""The beginning of addresses with the well-known prefix 64:ff9b::/96 (RFC 6052 2.1); the last 32 bits are the IPv4 address."""


def behind_nat64(ip: str) -> str | None:
    """The IPv4 address inside an address of the well-known NAT64 prefix; None for every other address."""
    if not ip.startswith(NAT64):
        return None
    number = inet_pton(AF_INET6, ip)
    return inet_ntop(AF_INET, number[12:]) if not any(number[4:12]) else None
