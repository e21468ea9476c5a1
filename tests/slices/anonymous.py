"""The expected verdict of an anonymized slice: the whole capture's, with each address, name and flow id replaced."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import re
from typing import Any

from analyzer.pipeline import Reading, judge
from analyzer.slices.anonymize import Anonymous
from analyzer.slices.certificates import name_text
from tests.reference.agree import Row, rows_of_table
from tests.slices.slicing import without_place

KEY = bytes(range(32))

ADDRESS = re.compile(r"(?<![\w.:-])(\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(?![\w.]*\w:?\w)")
ID = re.compile(r"\b[0-9a-f]{16}\b")
OF_FILES = ("capture-cut", "capture-damaged", "duplicated-packets")
TOKEN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
# Columns whose bytes an anonymized slice changes beyond their names.
CHANGED = ("client_hello_digest", "user_agent", "certificate_issuer", "http_path", "id", "outer")


def expected_rows(read: Reading) -> list[Row]:
    """The whole's rows under other names, by id."""
    names = Anonymous(KEY)
    rows = []
    for row in map(without_place, rows_of_table(read.flows)):
        made = dict(row)
        for column in ("client_ip", "server_ip"):
            made[column] = names.addresses.text(row[column])
        for column in ("requested_host", "sni", "http_host", "host"):
            made[column] = _host(names, row[column])
        made["requests"] = [{**r, "host": _host(names, r["host"], r["kind"]), "path": None} for r in row["requests"] or ()]
        if made["requests"]:
            made["requested_host"] = _host(names, row["requested_host"], made["requests"][-1]["kind"])
        made["id"] = id_of(made)
        made["community_id"] = community_of(made)
        rows.append(made)
    return sorted(rows, key=lambda row: row["id"])


def comparable(row: Row) -> Row:
    made = {name: value for name, value in row.items() if name not in CHANGED[:4]}
    return made | {"requests": [{**r, "path": None} for r in row["requests"] or ()]}


def id_of(row: Row) -> str:
    parts = [row[name] for name in ("protocol", "client_ip", "client_port", "server_ip", "server_port", "first_seen")]
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:16]


def community_of(row: Row) -> str:
    """Community ID version 1, seed 0."""
    (low, low_port), (high, high_port) = sorted(
        (ipaddress.ip_address(row[f"{end}_ip"]).packed, row[f"{end}_port"]) for end in ("client", "server")
    )
    protocol = {"tcp": 6, "udp": 17}[row["protocol"]]
    data = b"\0\0" + low + high + bytes([protocol, 0]) + low_port.to_bytes(2, "big") + high_port.to_bytes(2, "big")
    return "1:" + base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode()


def _host(names: Anonymous, host: str | None, kind: str = "") -> str | None:
    """A name's other name. SOCKS has addresses as numbers, which go the way of the packets' own."""
    if host and kind.startswith("socks") and ADDRESS.fullmatch(host):
        return names.addresses.text(host)
    return names.names.host(host.encode()).decode("latin-1") if host else host


def _proxy(names: Anonymous, proxy: str | None) -> str | None:
    if not proxy:
        return proxy
    host, _, port = proxy.rpartition(":")
    other = names.addresses.text(host.strip("[]"))
    return f"[{other}]:{port}" if ":" in other else f"{other}:{port}"


def expected_verdict(read: Reading) -> Any:
    """The whole's verdict under other names, in an order that doesn't depend on them."""
    names = Anonymous(KEY)
    rows = rows_of_table(read.flows)
    ids = {row["id"]: id_of({**row, **{end: names.addresses.text(row[end]) for end in ("client_ip", "server_ip")}}) for row in rows}
    hosts = {host for row in rows for host in (row["host"], row["requested_host"], row["sni"], row["http_host"]) if host}
    hosts |= {r["host"] for row in rows for r in row["requests"] if r["host"]}
    hosts |= {name for name in (read.lookups.column("name").to_pylist() if read.lookups is not None else ()) if name}
    others = {
        host.lower().removesuffix("."): str(_host(names, host.lower().removesuffix("."))) for host in hosts if not ADDRESS.fullmatch(host)
    }
    issuers = {text: _issuer(text, names) for row in rows if (text := row["certificate_issuer"])}
    return ordered(_renamed(_with(judge(read), issuers), names, ids, others))


def _issuer(text: str, names: Anonymous) -> str:
    parts = (part.partition("=") for part in text.split(","))
    return ",".join(f"{kind}={name_text(value.encode(), names.names).decode()}" for kind, _, value in parts)


def _with(value: Any, texts: dict[str, str]) -> Any:
    """The document with these texts in place of those, wherever they stand."""
    text = json.dumps(value, default=str)
    for old, new in texts.items():
        text = text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1])
    return json.loads(text)


def _renamed(value: Any, names: Anonymous, ids: dict[str, str], hosts: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(one, names, ids, hosts) for key, one in value.items()}
    if isinstance(value, list):
        return [_renamed(one, names, ids, hosts) for one in value]
    if not isinstance(value, str):
        return value
    if value.lower() in hosts:
        return hosts[value.lower()]
    text = ID.sub(lambda found: ids.get(found[0], found[0]), value)
    text = TOKEN.sub(lambda found: str(hosts.get(found[0].lower(), found[0])), text)
    return ADDRESS.sub(lambda found: _address(names, found[0]), text)


def _address(names: Anonymous, text: str) -> str:
    try:
        return names.addresses.text(text)
    except ValueError:
        return text


def ordered(value: Any) -> Any:
    """The verdict with sorted lists, and without what depends on the file: that it is cut, and other packets' times."""
    if isinstance(value, dict):
        made = {key: ordered(one) for key, one in value.items() if key not in ("captures", "window", "user_agents")}
        if "findings" in made:
            made["findings"] = [finding for finding in made["findings"] if finding["code"] not in OF_FILES]
        if "text" in made:  # lists in it are in their names' order, and it may begin with a path
            made["text"] = re.sub(r"^\S+: | \([^()]*\)|(?<=wpad\.)\S+", "", made["text"])
        return made
    if isinstance(value, list):
        return sorted((ordered(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True, default=str))
    return value
