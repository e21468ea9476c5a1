"""What went past the proxies, by what came of it."""

from typing import Any

from tests.verdict.rows import CNC, MAPS, WORKSTATION, flow, tunnel, verdict

SYN_ONLY = {"state": "no-answer", "packets_in": 0, "bytes_in": 0}


def direct(*rows: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = verdict(*rows)["direct"]
    return tables


def test_each_outcome_has_its_table() -> None:
    answered = flow(host=CNC, sni=CNC, server_ip="192.0.2.7")
    remnant = flow(isn_out=None, isn_in=None, state="mid-stream")
    tables = direct(answered, flow(host=MAPS, **SYN_ONLY), remnant, tunnel("172.16.12.10:3128", CNC))
    assert {name: len(entries) for name, entries in tables.items()} == {"allowed": 1, "blocked": 1, "unknown": 1}
    assert tables["allowed"][0] == {
        "client_ip": WORKSTATION,
        "server": "192.0.2.7:443",
        "protocol": "tcp",
        "host": CNC,
        "service": "edr-command-and-control",
        "state": "closed",
        "http_status": None,
        "flows": [answered["id"]],
    }


def test_like_connections_are_one_entry_in_order_of_time() -> None:
    rows = [flow(host=MAPS, **SYN_ONLY), flow(host=CNC, **SYN_ONLY), flow(host=MAPS, **SYN_ONLY)]
    assert [(entry["host"], entry["flows"]) for entry in direct(*rows)["blocked"]] == [
        (MAPS, [rows[0]["id"], rows[2]["id"]]),
        (CNC, [rows[1]["id"]]),
    ]


def test_an_address_of_version_6_stands_in_brackets() -> None:
    (entry,) = direct(flow(client_ip="2001:db8::1", server_ip="2001:db8::2"))["allowed"]
    assert entry["server"] == "[2001:db8::2]:443"


def test_a_block_page_is_told_by_its_status_and_a_page_that_isnt_there_too() -> None:
    refused, gone = flow(host=CNC, http_status=403), flow(host=MAPS, http_status=200)
    assert [entry["http_status"] for table in direct(refused, gone).values() for entry in table] == [403, None]
