"""The anonymized topology, so that an anonymized slice gives the same methods and the same winner."""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.routes.networks import Network, address_text
from analyzer.routes.topology import Topology
from analyzer.slices.addresses import Addresses
from analyzer.slices.certificates import name_text
from analyzer.slices.names import Names


def anonymous_topology(topology: Topology, addresses: Addresses, names: Names) -> str:
    """The topology file's text: networks as in the slice, proxies and workstations numbered, methods and policy unchanged."""
    return "\n".join(_lines(topology, addresses, names))


def _lines(topology: Topology, addresses: Addresses, names: Names) -> Iterator[str]:
    yield "# Who is who in the anonymized slice beside this file."
    numbers: dict[str, int] = {}
    for proxy in topology.proxies:
        yield from ("[[proxy]]", f'name = "proxy-{numbers.setdefault(proxy.name, len(numbers) + 1)}"', _address(proxy.network, addresses))
        if proxy.port is not None:
            yield f"port = {proxy.port}"
        if proxy.methods:
            methods = ", ".join(f'"{method}"' for method in proxy.methods)
            yield f"method = {methods if len(proxy.methods) == 1 else f'[{methods}]'}"
        yield ""
    numbers = {}
    for workstation in topology.workstations:
        number = numbers.setdefault(workstation.name, len(numbers) + 1)
        yield from ("[[workstation]]", f'name = "workstation-{number}"', _address(workstation.network, addresses), "")
    if topology.policy is not None or topology.issuers:
        yield "[gateway]"
        if topology.policy is not None:
            yield f'policy = "{topology.policy}"'
        if topology.issuers:
            issuers = (name_text(issuer.encode(), names).decode("ascii", "replace") for issuer in topology.issuers)
            yield f"certificate_issuers = [{', '.join(map(_quoted, issuers))}]"
        yield ""


def _address(network: Network, addresses: Addresses) -> str:
    made = type(network)(addresses.network(str(network)))
    return f'address = "{address_text(made)}"'


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
