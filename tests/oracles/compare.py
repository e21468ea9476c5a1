"""The differences between flow rows and the known answers of a capture (oracles/README.md describes how these were made)."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Record = dict[str, Any]


def read_records(oracles: Path) -> list[Record]:
    """One record per capture, in the file's order."""
    return [json.loads(line) for line in (oracles / "expected.jsonl").read_text(encoding="utf-8").splitlines()]


def differences(record: Record, rows: list[Row]) -> list[str]:
    """One line per difference: names of each expected flow, unexpected names, the number of TCP flows.

    TShark 4.4 counts a few conversations more than 4.0 does; either number is right.
    """
    lines, matched = [], set()
    for known in record["hosts"]:
        row = find_row(known, rows)
        if row is None:
            lines.append(f"{flow_text(known)}: no such flow")
            continue
        matched.add(id(row))
        got, wanted = names_of(row), expected_names(known)
        for column in got:
            if got[column] not in (wanted[column] or [None]):
                expected = " or ".join(wanted[column]) if wanted[column] else None
                lines.append(f"{flow_text(known)} {column}: expected {expected}, got {got[column]}")
    for row in rows:
        names = {column: name for column, name in names_of(row).items() if name}
        if names and id(row) not in matched:
            lines.append(f"{row_text(row)}: unexpected {names}")
    n_tcp = sum(row["protocol"] == "tcp" for row in rows)
    counts = {record["tcp_conversations"], record.get("variants", {}).get("40", {}).get("tcp_conversations")} - {None}
    if counts and n_tcp not in counts:
        lines.append(f"tcp flows: expected {record['tcp_conversations']}, got {n_tcp}")
    return lines


def flow_text(known: Record) -> str:
    return f"{known['proto']} {known['client']}:{known['client_port']} > {known['server']}:{known['server_port']}"


def row_text(row: Row) -> str:
    return f"{row['protocol']} {row['client_ip']}:{row['client_port']} > {row['server_ip']}:{row['server_port']}"


def find_row(known: Record, rows: list[Row]) -> Row | None:
    """The flow of these ends; of several the one that was open when the name was seen, the latest such."""
    same = [row for row in rows if row_text(row) == flow_text(known)]
    name_ns = int(Decimal(known["name_ts"]) * 10**9) if known["name_ts"] else None
    open_then = [row for row in same if name_ns is None or row["first_seen"] is None or row["first_seen"] <= name_ns <= row["last_seen"]]
    return (open_then or same or [None])[-1]


def names_of(row: Row) -> dict[str, str | None]:
    """The four names of a row, as the oracles write them; hosts without ports."""
    socks = next((r for r in row["requests"] if r["kind"] in ("socks4", "socks5")), None)
    connects = [r for r in row["requests"] if r["kind"] == "connect"]
    return {
        "connect": f"{connects[-1]['host']}:{connects[-1]['port']}" if connects else None,
        "sni": row["sni"],
        "http_host": row["http_host"],
        "socks": f"{socks['host']}:{socks['port']}" if socks else None,
    }


def expected_names(known: Record) -> dict[str, list[str]]:
    """For each name every value that is right; none where no name is expected."""
    wanted: dict[str, list[str]] = {}
    for column in ("connect", "sni", "http_host", "socks"):
        values = [*(known.get(f"{column}s") or []), *([known[column]] if known.get(column) else [])]
        wanted[column] = [without_port(value) for value in values] if column == "http_host" else values
    if "dtls" in known["via"]:
        wanted["sni"] = []  # the table takes names from TLS over TCP and from QUIC
    return wanted


def without_port(host: str) -> str:
    """A Host header's host: no port, no brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host
