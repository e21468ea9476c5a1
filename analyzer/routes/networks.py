"""Addresses and networks as a person writes them, and as numbers to compare."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

Network = IPv4Network | IPv6Network


def address_text(network: Network) -> str:
    """The network as a person writes it: a plain address for a single host, else CIDR."""
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def address_number(ip: str) -> int:
    """The address as a number, IPv6 above all of IPv4: ipaddress takes six times as long, and there may be 50,000 to compare."""
    if ":" in ip:
        return int.from_bytes(inet_pton(AF_INET6, ip)) | 1 << 128
    return int.from_bytes(inet_pton(AF_INET, ip))


NAT64 = "64:ff9b::"
"""How an address of the well-known prefix 64:ff9b::/96 begins (RFC 6052 2.1); the IPv4 address that it stands for is its last 32 bits."""


def behind_nat64(ip: str) -> str | None:
    """The IPv4 address that an address of the well-known prefix stands for; None for every other address."""
    if not ip.startswith(NAT64):
        return None
    number = inet_pton(AF_INET6, ip)
    return inet_ntop(AF_INET, number[12:]) if not any(number[4:12]) else None
