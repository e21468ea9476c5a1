from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.routes.topology import Topology, load_topology, topology_from, topology_of

CONTRACT = """
[[proxy]]
name = "PROX01"
address = "172.16.12.10"
port = 3128
method = "winhttp"
[[workstation]]
name = "WORKSTATION"
address = "172.16.11.92"
[gateway]
policy = "proxies-only"
"""


def test_without_a_file_nobody_is_named() -> None:
    topology = load_topology(None)
    assert topology == Topology()
    assert topology.proxy_at("172.16.12.10", 3128) is None
    assert not topology.is_proxy_address("172.16.12.10")
    assert topology.workstation_name("172.16.11.92") is None


def test_a_proxy_is_known_at_its_address_behind_nat64() -> None:
    tables = [
        {"name": "PROX01", "address": "172.16.12.10", "port": 3128, "method": "winhttp"},
        {"name": "pool", "address": "172.16.13.0/24"},
        {"name": "v6", "address": "64:ff9b::ac10:c0b"},
    ]
    topology = topology_from({"proxy": tables}, "topology.toml")
    for ip, name in (("64:ff9b::ac10:c0a", "PROX01"), ("64:ff9b::ac10:d07", "pool"), ("64:ff9b::ac10:c0b", "v6")):
        found = topology.proxy_at(ip, 3128)
        assert found is not None and found.name == name
        assert topology.is_proxy_address(ip)
    assert topology.proxy_at("64:ff9b::ac10:c0a", 8080) is None
    assert topology.proxy_at("64:ff9b::ac10:e01", 3128) is None


def test_the_contracts_file(tmp_path: Path) -> None:
    path = tmp_path / "topology.toml"
    path.write_text(CONTRACT)
    topology = load_topology(path)
    proxy = topology.proxy_at("172.16.12.10", 3128)
    assert proxy is not None and (proxy.name, proxy.method) == ("PROX01", "winhttp")
    assert topology.proxy_at("172.16.12.10", 8080) is None
    assert topology.is_proxy_address("172.16.12.10")
    assert topology.workstation_name("172.16.11.92") == "WORKSTATION"
    assert topology.policy == "proxies-only"


@pytest.mark.parametrize(
    ("ip", "port", "name"),
    [
        ("10.0.0.5", 3128, "exact with port"),
        ("10.0.0.5", 80, "exact, any port"),
        ("10.0.0.6", 80, "pool"),
        ("10.1.0.1", 8080, "wide pool with port"),
        ("10.1.0.1", 8081, None),
        ("2001:db8::7", 3128, "v6 pool"),
        ("2001:db8:1::7", 3128, None),
        ("192.0.2.1", 3128, None),
    ],
)
def test_the_most_specific_entry_names_a_proxy(ip: str, port: int, name: str | None) -> None:
    topology = topology_from(
        {
            "proxy": [
                {"name": "wide pool with port", "address": "10.0.0.0/8", "port": 8080},
                {"name": "pool", "address": "10.0.0.0/24"},
                {"name": "exact, any port", "address": "10.0.0.5"},
                {"name": "exact with port", "address": "10.0.0.5", "port": 3128},
                {"name": "v6 pool", "address": "2001:db8::/64"},
            ]
        },
        "t.toml",
    )
    found = topology.proxy_at(ip, port)
    assert (found.name if found else None) == name


def test_a_v6_address_is_found_however_it_was_written() -> None:
    topology = topology_from({"proxy": [{"name": "P", "address": "2001:0DB8:0:0::1"}]}, "t.toml")
    assert topology.proxy_at("2001:db8::1", 1) is not None


def test_the_nearest_workstation_network_names_a_source() -> None:
    tables = [{"name": "office", "address": "10.0.0.0/8"}, {"name": "desk", "address": "10.1.0.0/16"}]
    topology = topology_from({"workstation": tables}, "t.toml")
    assert [topology.workstation_name(ip) for ip in ("10.1.2.3", "10.2.2.3", "11.0.0.1", "2001:db8::1")] == ["desk", "office", None, None]


@pytest.mark.parametrize(
    ("proxy", "workstation", "name"),
    [
        ("10.1.2.3", "10.1.2.3", "W"),
        ("10.1.0.0/16", "10.1.2.3", "W"),
        ("10.1.0.0/16", "10.1.2.0/24", "W"),
        ("10.1.2.0/24", "10.1.2.0/24", "W"),
        ("10.1.2.3", "10.1.0.0/16", None),
        ("10.1.2.0/24", "10.1.0.0/16", None),
        ("10.9.0.0/16", "10.1.0.0/16", "W"),
    ],
)
def test_an_address_is_a_workstations_where_that_names_it_as_closely_as_a_proxy(proxy: str, workstation: str, name: str | None) -> None:
    tables = {"proxy": [{"name": "P", "address": proxy}], "workstation": [{"name": "W", "address": workstation}]}
    topology = topology_from(tables, "t.toml")
    assert topology.workstation_name("10.1.2.3") == name
    assert topology.is_proxy_address("10.1.2.3") is (proxy != "10.9.0.0/16")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "can't read the topology: no such file"),
        (b"\xff\xfe", "not UTF-8 text at byte 0"),
        (b"[[proxy]\n", "not valid TOML"),
    ],
)
def test_a_file_that_is_no_topology_is_named(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "topology.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Unusable) as raised:
        load_topology(path)
    assert str(path) in str(raised.value) and words in str(raised.value)


def test_a_directory_is_no_topology(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="can't read the topology: is a directory"):
        load_topology(tmp_path)


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "::ffff:1.2.3.4"]),
        ("::/0", ["::", "ffff::"], ["0.0.0.0", "10.0.0.1"]),
        ("10.0.0.128/25", ["10.0.0.128", "10.0.0.255"], ["10.0.0.127", "10.0.1.128"]),
        ("2001:db8::/127", ["2001:db8::", "2001:db8::1"], ["2001:db8::2", "2001:db7:ffff::"]),
    ],
)
def test_the_edges_of_a_network(network: str, inside: list[str], outside: list[str]) -> None:
    topology = topology_from({"proxy": [{"name": "P", "address": network}]}, "t.toml")
    assert all(topology.is_proxy_address(ip) for ip in inside)
    assert not any(topology.is_proxy_address(ip) for ip in outside)


def test_what_a_caller_gives_is_a_file_a_dict_a_topology_or_nothing(tmp_path: Path) -> None:
    tables = {"proxy": [{"name": "PROX01", "address": "172.16.12.10", "port": 3128, "method": "winhttp"}]}
    (tmp_path / "t.toml").write_text('[[proxy]]\nname = "PROX01"\naddress = "172.16.12.10"\nport = 3128\nmethod = "winhttp"\n')
    made = topology_of(tables)
    assert made.proxies == topology_of(tmp_path / "t.toml").proxies == topology_of(str(tmp_path / "t.toml")).proxies
    assert topology_of(made) is made and topology_of(None) == Topology()
    with pytest.raises(Unusable, match=r"topology: \[\[proxy\]\] 1, port: '3128' can't be used"):
        topology_of({"proxy": [{"name": "PROX01", "address": "172.16.12.10", "port": "3128"}]})
    with pytest.raises(Unusable, match="list is no topology"):
        topology_of([tables])  # type: ignore[arg-type]
