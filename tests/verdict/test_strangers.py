"""Forged addresses are counted, and no real source is among them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from analyzer.routes.topology import Topology
from analyzer.services.catalogue import load_catalogue
from analyzer.tables import FLOW_SCHEMA
from analyzer.verdict import judge, strangers
from analyzer.verdict.strangers import set_strangers_aside
from tests.fleet.fleets import WINHTTP, rows_of

REAL = rows_of(WINHTTP)
WORKSTATION, PROXY = "172.16.11.92", "172.16.12.10"


def syn(client: str, number: int, **more: Any) -> dict[str, Any]:
    """A row of a SYN that nothing follows."""
    row = dict.fromkeys(FLOW_SCHEMA.names)
    of_all = {
        "id": f"{number:016x}", "captures": [], "protocol": "tcp", "client_ip": client, "client_port": 1025 + number % 60_000,
        "server_ip": PROXY, "server_port": 3128, "packets_out": 1, "packets_in": 0, "bytes_out": 0, "bytes_in": 0, "retransmitted": 0,
        "state": "no-answer", "route": "proxy", "requests": [], "alpn": None, "service_also": [], "active": [], "pairs": [],
        "proxy": f"{PROXY}:3128", "proxy_name": "PROX01", "method": "winhttp",
    }  # fmt: skip
    return {**row, **{key: value for key, value in of_all.items() if key in row}, **more}


def among(*rows: dict[str, Any], real: pa.Table = REAL) -> pa.Table:
    return pa.concat_tables([real, pa.Table.from_pylist(list(rows), schema=FLOW_SCHEMA)]).combine_chunks()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "MAX_LISTED", 10)


def flood(n: int, **more: Any) -> list[dict[str, Any]]:
    return [syn(f"203.0.113.{number}", number, **more) for number in range(n)]


def test_a_flood_is_counted_and_every_real_source_is_judged_as_without_it(few: None) -> None:
    def judged(flows: pa.Table) -> dict[str, Any]:
        return judge(flows, topology=Topology(), catalogue=load_catalogue(()), captures=[])

    with_flood, without = judged(among(*flood(40))), judged(REAL)
    (told,) = (one for one in with_flood["findings"] if one["code"] == "strangers-counted")
    assert told["text"].startswith("40 addresses sent one SYN each") and "40 flows to 1 server" in told["text"] and len(told["flows"]) == 20
    with_flood["findings"].remove(told)
    assert with_flood == without


@pytest.mark.parametrize(
    "more",
    [
        {"packets_out": 2},
        {"bytes_out": 5},
        {"bytes_in": 5},
        {"state": "mid-stream"},
        {"protocol": "udp"},
    ],
    ids=["sent again", "said something", "was told something", "goes on", "another protocol"],
)
def test_whoever_does_more_is_no_stranger(few: None, more: dict[str, Any]) -> None:
    rows = among(*flood(40, **more))
    assert set_strangers_aside(rows) == (rows, [])


def test_a_few_are_listed_as_ever(few: None) -> None:
    rows = among(*flood(10))
    assert set_strangers_aside(rows) == (rows, [])


def test_forged_addresses_of_known_machines_do_not_hide_them(few: None) -> None:
    """SYNs in the name of a workstation, a proxy or a server that is spoken to stay with it."""
    forged = [syn(client, 900 + number) for number, client in enumerate((WORKSTATION, PROXY))]
    left, (told,) = set_strangers_aside(among(*flood(40), *forged))
    assert left.num_rows == REAL.num_rows + 2 and told.text.startswith("40 addresses")
