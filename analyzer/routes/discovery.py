"""Clients' search for a proxy: WPAD by DNS and DHCP, PAC files, and the proxies that these name.

Source: draft-ietf-wrec-wpad; learn.microsoft.com, "WinHTTP AutoProxy Support". A PAC file's result depends on code that isn't run here
(analyzer/pac runs it on request), so every proxy whose name is in its text is listed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from analyzer.routes.topology import Topology
from analyzer.text.times import rows

WPAD: Final = r"(?i)^wpad(\.|$)"
NO_SUCH_NAME: Final = "no such name"
RETURNED: Final = re.compile(r"\b(?:PROXY|HTTPS?|SOCKS[45]?)\s+(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})\b")
MAX_PROXIES: Final = 64


@dataclass
class Discovery:
    """One client's search and its results.

    asked       names that begin with wpad, with the resolver's answer: an address, "no such name", "no answer"
    dhcp_url    the URL in option 252; dhcp_asked: the client requested the option
    fetched     PAC files' URLs and their statuses (None: no answer captured)
    files       number of PAC files whose text was seen; texts: the distinct texts, as far as they are kept
    proxies     host:port in them, in order, each with its name in the topology
    flows       ids
    """

    client_ip: str
    asked: dict[str, str] = field(default_factory=dict)
    dhcp_asked: bool = False
    dhcp_url: str | None = None
    fetched: dict[str, int | None] = field(default_factory=dict)
    files: int = 0
    texts: dict[str, None] = field(default_factory=dict)
    proxies: dict[str, str | None] = field(default_factory=dict)
    flows: dict[str, None] = field(default_factory=dict)


def discoveries_of(lookups: pa.Table, found: pa.Table, topology: Topology) -> list[Discovery]:
    """Each client's search, by address.

    lookups   tables.LOOKUP_SCHEMA;  found   tables.DISCOVERY_SCHEMA
    """
    by_client: dict[str, Discovery] = {}
    for row in wpad_lookups(lookups):
        one = by_client.setdefault(row["client_ip"], Discovery(row["client_ip"]))
        said = outcome_of(row)
        if one.asked.get(row["name"]) in (None, "no answer", NO_SUCH_NAME):
            one.asked[row["name"]] = said
        one.flows[row["flow"]] = None
    names = {address: row["name"] for row in lookups_rows(lookups) for address in row["answers"]} if found.num_rows else {}
    for row in rows(found):
        one = by_client.setdefault(row["client_ip"], Discovery(row["client_ip"]))
        one.flows[row["flow"]] = None
        if row["kind"] == "dhcp-asked":
            one.dhcp_asked = True
        elif row["kind"] == "dhcp-answered":
            one.dhcp_url = row["url"]
        elif row["kind"] == "fetch":
            if one.fetched.get(row["url"]) is None:
                one.fetched[row["url"]] = row["status"]
        else:
            one.files += 1
            one.texts[row["text"]] = None
            for proxy in proxies_of(row["text"]):
                one.proxies.setdefault(proxy, topology_name(proxy, topology, names))
    return [by_client[client] for client in sorted(by_client)]


def wpad_lookups(lookups: pa.Table) -> list[dict[str, Any]]:
    """The lookups of names that begin with wpad, in their order."""
    return rows(lookups.filter(pc.match_substring_regex(lookups["name"], WPAD)).select(WANTED))


WANTED: Final = ["flow", "client_ip", "name", "rcode", "answers"]


def lookups_rows(lookups: pa.Table) -> Iterable[Mapping[str, Any]]:
    """Name and addresses of the lookups with an address."""
    return rows(lookups.filter(pc.greater(pc.list_value_length(lookups["answers"]), 0)).select(WANTED))


def outcome_of(lookup: Mapping[str, Any]) -> str:
    """The result of a lookup, in a word or two."""
    if lookup["answers"]:
        return str(lookup["answers"][0])
    if lookup["rcode"] is None:
        return "no answer"
    return NO_SUCH_NAME if lookup["rcode"] in (0, 3) else f"error {lookup['rcode']}"


def proxies_of(text: str) -> list[str]:
    """The distinct host:port of every proxy in a PAC file's text, in order; comments don't count."""
    code = re.sub(r"/\*.*?\*/|(?<![:\"'])//[^\n]*", " ", text, flags=re.DOTALL)
    found = (f"{host}:{port}" for host, port in RETURNED.findall(code) if 0 < int(port) < 65536)
    return list(dict.fromkeys(found))[:MAX_PROXIES]


def topology_name(proxy: str, topology: Topology, names: Mapping[str, str]) -> str | None:
    """The topology's name for host:port, by its address or by an address to which its name resolved; None when it has none."""
    host, _, port = proxy.rpartition(":")
    host = host.strip("[]").lower()
    addresses = [address for address, name in names.items() if name.lower().removesuffix(".") == host] or [host]
    for address in addresses:
        try:
            entry = topology.proxy_at(address, int(port))
        except (OSError, ValueError):  # a host name, where an address is needed
            entry = None
        if entry is not None:
            return entry.name
    return None
