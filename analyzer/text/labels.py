"""Names of proxies, methods, planes and sources for sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

METHOD_NAMES = {"winhttp": "WinHTTP", "wininet": "WinINET", "static": "static", "pac": "PAC", "other": "other"}
PLANES = ("sensor", "antivirus", "system", "user")


class ProxyLabel(NamedTuple):
    """A proxy with its entry in the topology.

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
    """A method's name as its makers write it (WinHTTP, WinINET/static); anything else, such as an address, unchanged."""
    return None if method is None else "/".join(METHOD_NAMES.get(one, one) for one in method.split("/"))


def ending(state: str | None, http_status: int | None, blocked: bool) -> str | None:
    """How a direct flow ended, in one phrase for findings and tables: an HTTP refusal comes before the connection's state."""
    if http_status:
        return f"answered {http_status}" + (" with the page of other hosts" if blocked and http_status < 300 else "")
    return "open, never answered" if blocked and state == "open" else state


def source_label(client_ip: str | None, name: str | None) -> str:
    """`WORKSTATION (172.16.11.92)`, or the address alone."""
    if client_ip is None:
        return name or ""
    return f"{name} ({client_ip})" if name else client_ip


def shortest_unique(proxies: Iterable[str]) -> dict[str, str]:
    """ip:port → its shortest form that is unique among them: `…10:3128` beside `…11:8080`, `…11` where the ports are the same.

    Leading parts of the addresses that all share are left out; the last part always stays. A single one stays whole.
    """
    every = dict.fromkeys(proxies)
    ends = {proxy: (address.strip("[]"), port) for proxy in every for address, _, port in (proxy.rpartition(":"),)}
    if len(every) < 2:
        return {proxy: proxy for proxy in every}
    one_port = len({port for _, port in ends.values()}) == 1
    one_address = len({address for address, _ in ends.values()}) == 1
    mark = ":" if any(":" in address for address, _ in ends.values()) else "."
    parts = {proxy: address.split(mark) for proxy, (address, _) in ends.items()}
    shared = 0
    while all(len(part) > shared + 1 for part in parts.values()) and len({part[shared] for part in parts.values()}) == 1:
        shared += 1
    brief = {}
    for proxy, (_, port) in ends.items():
        tail = mark.join(parts[proxy][shared:])
        shown = f"…{mark if mark == ':' else ''}{tail}" if shared else tail
        shown = "…" if one_address else f"[{shown}]" if mark == ":" and not one_port else shown
        brief[proxy] = shown if one_port and not one_address else f"{shown}:{port}"
    return {proxy: short if len(short) < len(proxy) else proxy for proxy, short in brief.items()}


def plane_order(plane: str | None) -> int:
    """A plane's place in every list: sensor, antivirus, system, user, then none."""
    return PLANES.index(plane) if plane in PLANES else len(PLANES)


def all_of(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def some(items: Iterable[str], most: int) -> str:
    """The first few items, and how many more there are: `a, b and 7 more`."""
    every = list(items)
    if len(every) <= most:
        return all_of(every)
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
