"""Origin legs behind proxies: pairs of legs, whether the ClientHello was the client's own, and the proxy's delays.

A leg pair is a flow with `pair` that isn't the client leg itself. Times are measured at the capture point, so delays between the two
legs of a tunnel don't depend on the networks behind either leg.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import array
from analyzer.findings import Confidence
from analyzer.routes.proxies import ip_port
from analyzer.routes.requests import NO_TIME, Bools, Ints, integers, one_array, times_ns
from analyzer.text.words import counted, printable
from analyzer.verdict.evidence import Evidence, coded, grouped

MS = 1_000_000


class LegPairs(NamedTuple):
    """One entry per origin leg, in the order of the flow table; delays in ns, NO_TIME where a time is missing.

    client origin   rows of the two legs
    tunnel          bool: CONNECT or SOCKS; else a fetch by plain HTTP
    opened          bool: TLS was opened on the way
    opening         CONNECT to its answer
    first_byte      the answer to the first byte of the ServerHello, on the client leg
    origin_answer   the ClientHello to the ServerHello, on the origin leg
    outward inward  the ClientHello from client leg to origin leg, and the ServerHello back: the proxy's own delay
    """

    client: Ints
    origin: Ints
    tunnel: Bools
    opened: Bools
    opening: Ints
    first_byte: Ints
    origin_answer: Ints
    outward: Ints
    inward: Ints


def leg_pairs(evidence: Evidence) -> LegPairs:
    """Every pair of legs of the flow table."""
    flows = evidence.flows
    of_pair, n = evidence.pair_rows, flows.num_rows
    origin = np.flatnonzero((of_pair >= 0) & (of_pair != np.arange(n)))
    client = of_pair[origin]
    hello, answer = times_ns(flows.column("client_hello_at")), times_ns(flows.column("server_hello_at"))
    asked, answered = _last_requests(evidence)
    is_tunnel = one_array(flows.column("client_random")).is_valid().to_numpy(zero_copy_only=False)
    opened = np.asarray(one_array(flows.column("inspected")).fill_null(False).to_numpy(zero_copy_only=False), dtype=np.bool_)
    # Where TLS was opened there are two independent handshakes: the difference of their times is no delay.
    same = is_tunnel[client] & ~opened[client]
    return LegPairs(
        client=client,
        origin=origin,
        tunnel=is_tunnel[client],
        opened=opened[client],
        opening=_between(asked[client], answered[client]),
        first_byte=_between(answered[client], answer[client]),
        origin_answer=_between(hello[origin], answer[origin]),
        outward=np.where(same, _between(hello[client], hello[origin]), NO_TIME),
        inward=np.where(same, _between(answer[origin], answer[client]), NO_TIME),
    )


def _between(begin: Ints, end: Ints) -> Ints:
    return np.where((begin != NO_TIME) & (end != NO_TIME), end - np.where(begin == NO_TIME, 0, begin), NO_TIME)


def _last_requests(evidence: Evidence) -> tuple[Ints, Ints]:
    """Per row, when its last request was made and when it was answered."""
    requests, n = evidence.requests, evidence.flows.num_rows
    asked, answered = np.full(n, NO_TIME, dtype=np.int64), np.full(n, NO_TIME, dtype=np.int64)
    asked[requests.row[requests.last]] = requests.first_seen[requests.last]
    answered[requests.row[requests.last]] = requests.answered[requests.last]
    return asked, answered


def forwarded(evidence: Evidence, pairs: LegPairs) -> list[dict[str, Any]]:
    """The document's `legs`: an entry per source, proxy, host, server and kind, in time order.

    hello       "same": the ClientHello is the client's, bit for bit; "other": the proxy made one of its own; null: plain HTTP
    *_ms        medians, in milliseconds, of the tunnels that have the times; null where none has
    """
    flows = evidence.flows
    server = coded(flows.column("server_ip"))
    port = integers(one_array(flows.column("server_port")), 0)
    seen_from = coded(flows.column("client_ip"))
    keys = (
        evidence.client.codes[pairs.client],
        evidence.proxy.codes[pairs.client],
        evidence.service.codes[pairs.client],
        evidence.host.codes[pairs.client],
        server.codes[pairs.origin],
        port[pairs.origin],
        seen_from.codes[pairs.origin],
        pairs.tunnel.astype(np.int64),
        pairs.opened.astype(np.int64),
    )
    sent, got = integers(one_array(flows.column("bytes_out")), 0), integers(one_array(flows.column("bytes_in")), 0)
    entries = []
    for key, at in sorted(grouped(np.arange(len(pairs.client)), *keys), key=lambda group: int(group[1][0])):
        client, proxy, service, host, ip, server_port, outside, tunnel, opened = key
        confidence: Confidence = "certain" if tunnel else "likely"
        entry = {
            "client_ip": evidence.client.text(client),
            "proxy": evidence.proxy.text(proxy),
            "name": evidence.proxy_names[evidence.proxy.values[proxy]][0] if proxy >= 0 else None,
            "service": evidence.service.text(service),
            "host": evidence.host.text(host),
            "server": ip_port(server.values[ip], server_port),
            "seen_from": seen_from.text(outside),
            "kind": "tunnel" if tunnel else "fetch",
            "hello": ("other" if opened else "same") if tunnel else None,
            "confidence": confidence,
            "legs": len(at),
            **{f"{name}_ms": _median_ms(getattr(pairs, name)[at]) for name in DELAYS},
            "bytes_out": int(sent[pairs.client[at]].sum()),
            "bytes_in": int(got[pairs.client[at]].sum()),
            "origin_bytes_out": int(sent[pairs.origin[at]].sum()),
            "origin_bytes_in": int(got[pairs.origin[at]].sum()),
            "flows": evidence.flow_ids(pairs.client[at]),
            "origin_flows": evidence.flow_ids(pairs.origin[at]),
        }
        entries.append({**entry, "text": _statement(evidence, entry, client, proxy)})
    return entries


DELAYS = ("opening", "first_byte", "origin_answer", "outward", "inward")


def _median_ms(delays: Ints) -> float | None:
    known = delays[delays != NO_TIME]
    return round(float(np.median(known)) / MS, 3) if len(known) else None


def _statement(evidence: Evidence, entry: Mapping[str, Any], client: int, proxy: int) -> str:
    """ "PROX03 forwarded 3 tunnels of WORKSTATION for a.example to 20.1.2.6:443; each ClientHello is bit for bit the client's"."""
    n, who = entry["legs"], evidence.proxy_label(proxy) if proxy >= 0 else "a proxy"
    address = (entry["proxy"] or "").rpartition(":")[0].strip("[]")
    if entry["seen_from"] != address:
        who = f"{entry['seen_from']}, behind {who},"
    host = f" for {printable(entry['host'])}" if entry["host"] else ""
    whose = f"of {evidence.client_label(client)}{host}"
    each = "the ClientHello is" if n == 1 else "each ClientHello is"
    if entry["hello"] == "same":
        return f"{who} forwarded {counted(n, 'tunnel')} {whose} to {entry['server']}; {each} bit for bit the client's"
    if entry["hello"] == "other":
        return f"{who} opened {counted(n, 'tunnel')} {whose}: toward {entry['server']} {each} another than the client's"
    fetch = "fetch" if n == 1 else "fetches"
    return f"{who} likely made {n} {fetch} {whose} at {entry['server']}: by host, path, time and size"


def leg_table(evidence: Evidence) -> pa.Table:
    """A row per origin leg: both legs' ids, source, proxy, host and server, and the delays of LegPairs in ns (null where a time is
    missing)."""
    pairs = leg_pairs(evidence)

    def of(name: str, rows: Ints) -> pa.Array:
        return one_array(evidence.flows.column(name)).take(array(rows))

    columns: dict[str, pa.Array | npt.NDArray[Any]] = {
        "pair": of("id", pairs.client),
        "origin": of("id", pairs.origin),
        **{name: of(name, pairs.client) for name in ("client_ip", "proxy", "proxy_name", "host", "service", "plane", "inspected")},
        "seen_from": of("client_ip", pairs.origin),
        "origin_ip": of("server_ip", pairs.origin),
        "origin_port": of("server_port", pairs.origin),
        "tunnel": array(pairs.tunnel),
        **{f"{name}_ns": array(getattr(pairs, name), getattr(pairs, name) == NO_TIME) for name in DELAYS},
        **{name: of(name, pairs.client) for name in ("bytes_out", "bytes_in")},
        **{f"origin_{name}": of(name, pairs.origin) for name in ("bytes_out", "bytes_in")},
    }
    return pa.table(columns)
