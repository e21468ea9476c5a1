import subprocess
import sys
from typing import Any

import pytest

from analyzer.errors import Unusable
from analyzer.routes.topology import load_topology, topology_from
from tests.conftest import CASES, needs_cases

GOOD = {"name": "PROX01", "address": "172.16.12.10", "port": 3128, "method": "winhttp"}


def mistakes(data: dict[str, Any]) -> list[str]:
    with pytest.raises(Unusable) as raised:
        topology_from(data, "topology.toml")
    return str(raised.value).splitlines()


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        ({"port": 70000}, "[[proxy]] 1, port", "70000 can't be used; write port = 3128"),
        ({"port": 0}, "[[proxy]] 1, port", "0 can't be used"),
        ({"port": "3128"}, "[[proxy]] 1, port", "'3128' can't be used"),
        ({"port": True}, "[[proxy]] 1, port", "True can't be used"),
        ({"method": "socks"}, "[[proxy]] 1, method", 'write method = "winhttp", "wininet", "static", "pac" or "other", or a list'),
        ({"method": ["pac", "socks"]}, "[[proxy]] 1, method", "'socks' can't be used; write method = "),
        ({"method": []}, "[[proxy]] 1, method", "[] can't be used; write method = "),
        ({"address": "prox01.corp"}, "[[proxy]] 1, address", "'prox01.corp' is not an IP address or network"),
        ({"address": "172.16.12.10:3128"}, "[[proxy]] 1, address", "a port goes into its own key"),
        ({"address": "172.16.12.10/24"}, "[[proxy]] 1, address", 'write address = "172.16.12.0/24"'),
        ({"address": 5}, "[[proxy]] 1, address", "5 is not a text in quotes"),
        ({"name": ""}, "[[proxy]] 1, name", 'write name = "PROX01"'),
        ({"adress": "x"}, "[[proxy]] 1, adress", "unknown key; did you mean address?"),
        ({"zzz": 1}, "[[proxy]] 1, zzz", "the keys here are address, method, name, port"),
    ],
)
def test_a_mistake_names_its_key_and_what_to_write(change: dict[str, Any], place: str, words: str) -> None:
    (line,) = mistakes({"proxy": [GOOD | change]})
    assert line.startswith(f"topology.toml: {place}: ")
    assert words in line


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        ({"proxy": [{"address": "10.0.0.1"}]}, "[[proxy]] 1, name", 'missing; write name = "PROX01"'),
        ({"proxy": GOOD}, "proxy", "write [[proxy]] with double brackets"),
        ({"proxy": ["PROX01"]}, "[[proxy]] 1", "write [[proxy]] with double brackets"),
        ({"proxies": []}, "proxies", "unknown key; did you mean proxy?"),
        ({"gateway": {"policy": "open"}}, "[gateway], policy", 'write policy = "proxies-only"'),
        ({"gateway": {"vxlan_ports": 8473}}, "[gateway], vxlan_ports", "8473 can't be used; write vxlan_ports = [8473]"),
        ({"gateway": {"vxlan_ports": [0]}}, "[gateway], vxlan_ports", "0 can't be used; write vxlan_ports = [8473]"),
        ({"gateway": {"policies": 1}}, "[gateway], policies", "did you mean policy?"),
        ({"gateway": [{}]}, "gateway", "write [gateway] with single brackets"),
        ({"workstation": [{"name": "W", "address": "x"}]}, "[[workstation]] 1, address", "'x' is not an IP address"),
        ({"workstation": [{"name": "W", "address": ["10.0.0.1", "x"]}]}, "[[workstation]] 1, address", "'x' is not an IP address"),
        ({"workstation": [{"name": "W", "address": []}]}, "[[workstation]] 1, address", "[] can't be used; write address = "),
    ],
)
def test_a_table_that_is_wrong(data: dict[str, Any], place: str, words: str) -> None:
    (line,) = mistakes(data)
    assert line.startswith(f"topology.toml: {place}: ")
    assert words in line


def test_all_mistakes_come_at_once() -> None:
    lines = mistakes({"proxy": [GOOD | {"port": 0}, GOOD | {"method": "x", "name": ""}], "workstation": [{}], "color": 1})
    assert len(lines) == 6
    assert all(line.startswith("topology.toml: ") for line in lines)


def test_one_proxy_named_twice() -> None:
    (line,) = mistakes({"proxy": [GOOD, GOOD | {"name": "PROX02"}]})
    told = "172.16.12.10 on port 3128 is 'PROX01' already; keep one of the two entries, or give each its own method"
    assert line == f"topology.toml: [[proxy]] 2, address: {told}"


@pytest.mark.parametrize(
    "methods", [("winhttp", None), (None, "winhttp"), (None, None), (["static", "winhttp"], "winhttp"), ("pac", ["pac"])]
)
def test_one_proxy_twice_by_one_method_or_by_none(methods: tuple[Any, Any]) -> None:
    entries = [{"name": f"P{n}", "address": "10.0.0.1"} | ({"method": method} if method else {}) for n, method in enumerate(methods)]
    (line,) = mistakes({"proxy": entries})
    assert "10.0.0.1 on any port is 'P0' already" in line


@pytest.mark.parametrize(
    "entries",
    [
        [GOOD | {"method": ["winhttp", "static"]}],
        [GOOD, GOOD | {"method": "static"}],
        [GOOD, GOOD | {"method": ["static", "static"]}],
    ],
)
def test_one_proxy_that_serves_two_settings(entries: list[dict[str, Any]]) -> None:
    (proxy,) = topology_from({"proxy": entries}, "t.toml").proxies
    assert (proxy.name, proxy.methods, proxy.method) == ("PROX01", ("winhttp", "static"), "winhttp/static")


def test_two_names_of_one_proxy_are_both_said() -> None:
    topology = topology_from({"proxy": [GOOD, GOOD | {"name": "GPO", "method": "static"}]}, "t.toml")
    (proxy,) = topology.proxies
    assert topology.proxy_at("172.16.12.10", 3128) is proxy and (proxy.name, proxy.method) == ("PROX01/GPO", "winhttp/static")


def test_a_workstation_has_as_many_addresses_as_are_written() -> None:
    tables = [{"name": "W", "address": ["172.16.11.92", "2001:db8::92"]}, {"name": "W", "address": "10.0.0.0/24"}]
    topology = topology_from({"workstation": tables}, "t.toml")
    assert [str(w.network) for w in topology.workstations] == ["172.16.11.92/32", "2001:db8::92/128", "10.0.0.0/24"]
    assert {topology.workstation_name(ip) for ip in ("172.16.11.92", "2001:db8::92", "10.0.0.7")} == {"W"}


@needs_cases
def test_the_case_beside_the_repository() -> None:
    (proxy,) = load_topology(CASES / "one-proxy-two-methods.toml").proxies
    assert (proxy.name, proxy.method) == ("CORP", "static/winhttp")


def test_hostile_text_in_a_value_is_spelled_out() -> None:
    (line,) = mistakes({"proxy": [GOOD | {"address": "\x1b[31mred\n"}]})
    assert "\x1b" not in line and "\\x1b[31mred" in line


def test_keys_may_be_left_out() -> None:
    topology = topology_from({"proxy": [{"name": "P", "address": "10.0.0.0/24"}]}, "t.toml")
    assert (topology.proxies[0].port, topology.proxies[0].method, topology.policy) == (None, None, None)


def test_pydantic_loads_only_with_a_topology() -> None:
    code = "import sys, analyzer.routes.topology as r; r.load_topology(None); sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
