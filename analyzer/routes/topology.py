"""The proxies, workstations and gateway policy that topology.toml names.

Plain classes, so that a run without a topology file doesn't load pydantic; topology_file.py, which is loaded only when there is one,
checks the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from analyzer.errors import Unusable
from analyzer.routes.networks import Network, address_number, address_text, behind_nat64
from analyzer.text.toml import read_toml

if TYPE_CHECKING:
    from analyzer.routes.topology_file import ProxyTable


class Proxy(NamedTuple):
    """A proxy as the topology names it.

    network  its address, or all addresses of a pool
    port     its port; None: any port of these addresses
    methods  how clients are configured with it, in the order of the file: winhttp, wininet, static, pac or other; empty: not given
    """

    name: str
    network: Network
    port: int | None = None
    methods: tuple[str, ...] = ()

    @property
    def method(self) -> str | None:
        """Its methods as one text, joined by "/"; None: not given."""
        return "/".join(self.methods) or None


class Workstation(NamedTuple):
    """A source's address or network, with its name. Entries of one name are one source."""

    name: str
    network: Network


Entry = TypeVar("Entry", Proxy, Workstation)


@dataclass(frozen=True)
class Topology:
    """The contents of the topology file; empty when there is none.

    policy   "proxies-only": direct traffic is expected to be blocked; None: no expectation
    vxlan_ports   UDP ports that carry VXLAN here, in addition to the usual ones
    issuers  parts of issuers' names that Defender's certificates may have here, in addition to the published ones
    path sha256   of the file; None: the topology came from no file of its own
    """

    proxies: tuple[Proxy, ...] = ()
    workstations: tuple[Workstation, ...] = ()
    policy: str | None = None
    issuers: tuple[str, ...] = ()
    vxlan_ports: tuple[int, ...] = ()
    path: str | None = None
    sha256: str | None = None

    def proxy_at(self, ip: str, port: int) -> Proxy | None:
        """The entry that names ip:port, or None. The longest prefix wins; then an entry with a port beats one without."""
        entries = self._entries_at(ip)
        return next((entry for entry in entries if entry.port is None or entry.port == port), None)

    def is_proxy_address(self, ip: str) -> bool:
        """Whether any proxy of the topology has this address, on any port."""
        return bool(self._entries_at(ip))

    def workstation_name(self, ip: str) -> str | None:
        """The name of the workstation with this address (longest prefix wins), or None. Single addresses are looked up as text.

        A proxy's address only gets a name from an entry that is at least as specific: a floor's network doesn't name the proxy on that
        floor.
        """
        if ip in self._workstation_hosts:
            return self._workstation_hosts[ip]
        if not self._workstation_pools or ip in self._by_host:
            return None
        number = address_number(ip)
        name, bits = next(((name, shift) for name, first, shift in self._workstation_pools if ((number ^ first) >> shift) == 0), (None, 0))
        nearer = any(((number ^ first) >> shift) == 0 for _, first, shift in self._proxy_pools if shift < bits)
        return None if nearer else name

    def _entries_at(self, ip: str) -> list[Proxy]:
        """Entries for this address, most specific first. Single addresses are looked up as text, without parsing.

        A client that only has IPv6 asks an IPv4 proxy at an address of NAT64's prefix (RFC 6052): that address is the proxy's too.
        """
        entries = self._by_host.get(ip, [])
        if self._proxy_pools:
            number = address_number(ip)
            entries = entries + [entry for entry, first, shift in self._proxy_pools if ((number ^ first) >> shift) == 0]
        if not entries and (inner := behind_nat64(ip)) is not None:
            return self._entries_at(inner)
        return entries

    @cached_property
    def _workstation_hosts(self) -> dict[str, str]:
        return {address_text(w.network): w.name for w in reversed(self.workstations) if w.network.prefixlen == w.network.max_prefixlen}

    @cached_property
    def _workstation_pools(self) -> list[tuple[str, int, int]]:
        return [(entry.name, first, shift) for entry, first, shift in _pools(self.workstations)]

    @cached_property
    def _by_host(self) -> dict[str, list[Proxy]]:
        hosts: dict[str, list[Proxy]] = {}
        for entry in sorted(self.proxies, key=lambda p: p.port is None):
            if entry.network.prefixlen == entry.network.max_prefixlen:
                hosts.setdefault(str(entry.network.network_address), []).append(entry)
        return hosts

    @cached_property
    def _proxy_pools(self) -> list[tuple[Proxy, int, int]]:
        return _pools(sorted(self.proxies, key=lambda p: p.port is None))


WhoIsWho = str | PathLike[str] | Mapping[str, Any] | Topology | None
"""The forms in which a caller may give a topology; topology_of converts any of them."""


def _pools(entries: Iterable[Entry]) -> list[tuple[Entry, int, int]]:
    """Entries for networks, most specific first, each with its first address and its host bits as numbers."""
    pools = [entry for entry in entries if entry.network.prefixlen < entry.network.max_prefixlen]
    ordered = sorted(pools, key=lambda p: -p.network.prefixlen)
    return [(p, address_number(str(p.network.network_address)), p.network.max_prefixlen - p.network.prefixlen) for p in ordered]


def load_topology(path: str | Path | None) -> Topology:
    """The topology of a TOML file; an empty one for None.

    Errors  Unusable, its text one line per mistake: file, key, what is wrong and what to write instead
    """
    if path is None:
        return Topology()
    import hashlib

    form = 'tables look like [[proxy]], values like name = "PROX01"'
    text, data = read_toml(path, "topology", name="name a readable TOML file with --topology", form=form)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(topology_from(data, str(path)), path=str(path), sha256=digest)


def topology_of(given: WhoIsWho) -> Topology:
    """The topology that a caller gave: a file's path, a file's tables as a dict, a Topology, or None.

    Errors  Unusable: mistakes in it, or another type
    """
    if isinstance(given, Topology):
        return given
    if isinstance(given, Mapping):
        return topology_from(given, "topology")
    if given is None or isinstance(given, str | PathLike):
        return load_topology(None if given is None else Path(given))
    remedy = "give a TOML file's path, a dict such as a TOML file holds, or a Topology"
    raise Unusable(f"{type(given).__name__} is no topology", "topology", remedy)


def topology_from(data: Mapping[str, Any], where: str) -> Topology:
    """The topology of already parsed tables, as a study holds them inline.

    where   the file they came from, for messages
    Errors  Unusable, its text one line per mistake
    """
    # pydantic costs a noticeable part of a small run: it loads only when there is something to check.
    from analyzer.routes.topology_file import checked_tables

    tables = checked_tables(data, where)
    return Topology(
        proxies=tuple(_proxies(tables.proxy)),
        workstations=tuple(Workstation(w.name, address) for w in tables.workstation for address in w.address),
        policy=tables.gateway.policy,
        issuers=tuple(tables.gateway.certificate_issuers),
        vxlan_ports=tuple(sorted(set(tables.gateway.vxlan_ports))),
    )


def _proxies(tables: Iterable[ProxyTable]) -> list[Proxy]:
    """A proxy for each address and port: entries with the same address and port are merged, names and methods joined."""
    ends: dict[tuple[Network, int | None], list[ProxyTable]] = {}
    for table in tables:
        ends.setdefault((table.address, table.port), []).append(table)
    return [
        Proxy(
            name="/".join(dict.fromkeys(table.name for table in entries)),
            network=network,
            port=port,
            methods=tuple(dict.fromkeys(method for table in entries for method in table.method or ())),
        )
        for (network, port), entries in ends.items()
    ]
