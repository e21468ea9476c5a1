"""Who is who among the sources."""

from typing import Any

from analyzer.routes.topology import Topology, topology_from
from analyzer.verdict.sources import source_names


def topology(*workstations: tuple[str, str | list[str]]) -> Topology:
    tables: list[dict[str, Any]] = [{"name": name, "address": address} for name, address in workstations]
    return topology_from({"workstation": tables}, "topology.toml")


def test_entries_of_one_name_are_one_source_under_the_first_of_them() -> None:
    names = source_names(topology(("PC", ["10.0.0.2", "2001:db8::2"]), ("PC", "10.0.0.1")), ["10.0.0.1", "2001:db8::2", "10.0.0.9"])
    assert [names.canonical(address) for address in ("10.0.0.1", "2001:db8::2", "10.0.0.9")] == ["10.0.0.2", "10.0.0.2", "10.0.0.9"]
    assert names.addresses("10.0.0.2") == ["10.0.0.2", "10.0.0.1", "2001:db8::2"]
    assert names.name("10.0.0.2") == "PC" and names.name("10.0.0.9") is None


def test_a_floors_network_is_everybodys() -> None:
    names = source_names(topology(("FLOOR", "10.0.1.0/24")), ["10.0.1.1", "10.0.1.2"])
    assert [names.canonical(address) for address in ("10.0.1.1", "10.0.1.2")] == ["10.0.1.1", "10.0.1.2"]
    assert names.name("10.0.1.1") == names.name("10.0.1.2") == "FLOOR"


def test_of_networks_alone_the_first_seen_address_stands_for_all() -> None:
    names = source_names(topology(("PC", ["10.0.2.0/30", "2001:db8::/64"])), ["10.0.2.1", "2001:db8::7"])
    assert names.canonical("2001:db8::7") == names.canonical("10.0.2.1") == "10.0.2.1"
