"""What proxies, methods, planes and sources are called in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

METHOD_NAMES = {"winhttp": "WinHTTP", "wininet": "WinINET", "static": "static", "pac": "PAC", "other": "other"}
PLANES = ("sensor", "antivirus", "system", "user")


@dataclass(frozen=True)
class ProxyLabel:
    """A proxy as a person knows it.

    proxy   ip:port, or [v6]:port
    name    its name in the topology, or None
    method  how it is configured (winhttp, wininet, static, pac, other), or None
    """

    proxy: str
    name: str | None = None
    method: str | None = None

    @property
    def short(self) -> str:
        """Its name, else its address."""
        return self.name or self.proxy

    @property
    def method_name(self) -> str | None:
        """Its method as its makers write it."""
        return method_name(self.method)

    def __str__(self) -> str:
        return f"{self.short} ({self.method_name})" if self.method else self.short


def method_name(method: str | None) -> str | None:
    """A method as its makers write it (WinHTTP, WinINET/static); anything else, such as an address, as it is."""
    return None if method is None else "/".join(METHOD_NAMES.get(one, one) for one in method.split("/"))


def source_label(client_ip: str | None, name: str | None) -> str:
    """`WORKSTATION (172.16.11.92)`, or the address alone."""
    if client_ip is None:
        return name or ""
    return f"{name} ({client_ip})" if name else client_ip


def plane_order(plane: str | None) -> int:
    """Where a plane stands in every list: sensor, antivirus, system, user, then what has none."""
    return PLANES.index(plane) if plane in PLANES else len(PLANES)


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 flow`, `1,234 flows`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def some(items: Iterable[str], most: int) -> str:
    """The first few items, and how many more there are: `a, b and 7 more`."""
    every = list(items)
    if len(every) <= most:
        return listed(every)
    return f"{', '.join(every[:most])} and {len(every) - most:,} more"


def byte_size(number: int) -> str:
    """Bytes in the unit that leaves one to three digits before the point: `512 B`, `1.4 MB` (powers of 1000)."""
    if number < 1000:
        return f"{number} B"
    size = float(number)
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.95:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:,.1f} PB"
