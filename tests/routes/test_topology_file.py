import subprocess
import sys
from typing import Any

import pytest

from analyzer.errors import Unusable
from analyzer.routes.topology import topology_from

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
        ({"method": "socks"}, "[[proxy]] 1, method", 'write method = "winhttp", "wininet", "static", "pac" or "other"'),
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
        ({"gateway": {"policies": 1}}, "[gateway], policies", "did you mean policy?"),
        ({"gateway": [{}]}, "gateway", "write [gateway] with single brackets"),
        ({"workstation": [{"name": "W", "address": "x"}]}, "[[workstation]] 1, address", "'x' is not an IP address"),
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
    assert line == "topology.toml: [[proxy]] 2, address: 172.16.12.10 on port 3128 is 'PROX01' already; keep one of the two entries"


def test_a_workstation_inside_a_proxys_network() -> None:
    pool = {"name": "POOL", "address": "172.16.0.0/16"}
    (line,) = mistakes({"proxy": [pool], "workstation": [{"name": "W", "address": "172.16.11.92"}]})
    assert "172.16.11.92 is also an address of proxy 'POOL'" in line


def test_hostile_text_in_a_value_is_spelled_out() -> None:
    (line,) = mistakes({"proxy": [GOOD | {"address": "\x1b[31mred\n"}]})
    assert "\x1b" not in line and "\\x1b[31mred" in line


def test_keys_may_be_left_out() -> None:
    topology = topology_from({"proxy": [{"name": "P", "address": "10.0.0.0/24"}]}, "t.toml")
    assert (topology.proxies[0].port, topology.proxies[0].method, topology.policy) == (None, None, None)


def test_pydantic_loads_only_with_a_topology() -> None:
    code = "import sys, analyzer.routes.topology as r; r.load_topology(None); sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
