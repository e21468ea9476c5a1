"""The flow table's facts about a capture as Wireshark's dissectors see them: the second opinion the laboratory is tested with.

It knows TCP and UDP over IPv4, CONNECT, absolute-form requests and TLS hellos; columns it can't derive are left out of a row.
"""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

FIELDS = (
    *("ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "tcp.flags", "tcp.len", "icmp.type"),
    *("frame.len", "tcp.segment.count", "tls.handshake.fragment.count"),
    *("http.request.method", "http.request.uri", "http.host", "http.user_agent", "http.response.code"),
    *("tls.handshake.type", "tls.handshake.extensions_server_name", "tls.handshake.random", "tls.handshake.extensions_alpn_str"),
    *("tls.handshake.extensions.supported_version", "tls.handshake.version", "tls.handshake.extension.type"),
    *("frame.number", "frame.time_epoch", "communityid", "icmpv6.type"),
)
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
VERSIONS = {0x0301: "1.0", 0x0302: "1.1", 0x0303: "1.2", 0x0304: "1.3"}
Row = dict[str, Any]


@cache
def all_packets(capture: Path) -> list[dict[str, list[str]]]:
    """One dict per packet of any kind: field → its values in the packet. tshark runs once for each capture, whatever is asked of it."""
    fields = [argument for field in FIELDS for argument in ("-e", field)]
    options = ["-o", "tcp.reassemble_out_of_order:TRUE", "--enable-protocol", "communityid", "-E", "aggregator=\x1f", "-T", "fields"]
    done = subprocess.run(["tshark", "-n", "-r", str(capture), *options, *fields], capture_output=True, text=True, check=True)
    lines = (line.split("\t") for line in done.stdout.splitlines())
    return [{name: value.split("\x1f") if value else [] for name, value in zip(FIELDS, line, strict=True)} for line in lines]


def packets(capture: Path) -> list[dict[str, list[str]]]:
    """Those that are TCP or UDP themselves."""
    return [row for row in all_packets(capture) if (row["tcp.srcport"] or row["udp.srcport"]) and not row["icmp.type"]]


def first_frames(capture: Path) -> dict[str, int]:
    """Community ID → number of the first frame that has it."""
    found: dict[str, tuple[float, int]] = {}
    for row in all_packets(capture):
        if row["communityid"] and not row["icmp.type"] and not row["icmpv6.type"]:
            (community_id,), (time,), (number,) = row["communityid"], row["frame.time_epoch"], row["frame.number"]
            found[community_id] = min(found.get(community_id, (float("inf"), 0)), (float(time), int(number)))
    return {community_id: number for community_id, (_, number) in found.items()}


def flows(capture: Path) -> list[Row]:
    """Rows with flow-table columns, in the order the conversations began."""
    found: dict[frozenset[tuple[str, int]], Row] = {}
    for packet in packets(capture):
        protocol = "tcp" if packet["tcp.srcport"] else "udp"
        source, destination = ((packet[f"ip.{end}"][0], int(packet[f"{protocol}.{end}port"][0])) for end in ("src", "dst"))
        flow = found.get(frozenset((source, destination)))
        if flow is None:
            flow = found[frozenset((source, destination))] = new_flow(protocol, source, destination)
        outward = (flow["client_ip"], flow["client_port"]) == source
        flow["bytes_out" if outward else "bytes_in"] += int(packet["tcp.len"][0]) if protocol == "tcp" else 0
        flow["flags"].append((outward, int(packet["tcp.flags"][0], 16) if protocol == "tcp" else 0))
        read_http(flow, packet)
        read_tls(flow, packet)
    return [finished(flow) for flow in found.values()]


def new_flow(protocol: str, client: tuple[str, int], server: tuple[str, int]) -> Row:
    flow: Row = {"protocol": protocol, "client_ip": client[0], "client_port": client[1], "server_ip": server[0], "server_port": server[1]}
    nothing = dict.fromkeys(("request", "requested_host", "requested_port", "proxy_status", "user_agent", "http_host"))
    hello = dict.fromkeys(("sni", "alpn", "tls_offered", "tls_version", "ech", "client_random"))
    return {**flow, **nothing, **hello, "requests": [], "flags": [], "bytes_out": 0, "bytes_in": 0}


def read_http(flow: Row, packet: dict[str, list[str]]) -> None:
    for method, uri in zip(packet["http.request.method"], packet["http.request.uri"], strict=True):
        connect = method == "CONNECT"
        authority, _, path = uri.removeprefix("http://").partition("/")
        host, _, port = authority.partition(":")
        kind = "connect" if connect else "absolute"
        flow["requests"].append(
            {"kind": kind, "host": host, "port": int(port or 80), "path": None if connect else f"/{path.partition('?')[0]}", "status": None}
        )
        if connect or flow["request"] is None:
            flow["request"], flow["requested_host"], flow["requested_port"] = kind, host, int(port or 80)
            flow["http_host"] = next((name.partition(":")[0] for name in packet["http.host"]), None)
        flow["user_agent"] = flow["user_agent"] or next(iter(packet["http.user_agent"]), None)
    for code in packet["http.response.code"]:
        next(request for request in flow["requests"] if request["status"] is None)["status"] = int(code)
        flow["proxy_status"] = flow["requests"][-1 if flow["request"] == "connect" else 0]["status"]


def read_tls(flow: Row, packet: dict[str, list[str]]) -> None:
    if "1" in packet["tls.handshake.type"]:
        versions = [int(value, 16) for value in (packet["tls.handshake.extensions.supported_version"] or packet["tls.handshake.version"])]
        flow["sni"] = next(iter(packet["tls.handshake.extensions_server_name"]), None)
        flow["alpn"] = packet["tls.handshake.extensions_alpn_str"]
        flow["tls_offered"] = max(VERSIONS[version] for version in versions if version in VERSIONS)
        flow["ech"] = "65037" in packet["tls.handshake.extension.type"]
        flow["client_random"] = packet["tls.handshake.random"][0].replace(":", "")
    if "2" in packet["tls.handshake.type"]:
        versions = [int(value, 16) for value in (packet["tls.handshake.extensions.supported_version"] or packet["tls.handshake.version"])]
        flow["tls_version"] = VERSIONS[versions[0]]


def finished(flow: Row) -> Row:
    flags = flow.pop("flags")
    flow["state"] = tcp_state(flags) if flow["protocol"] == "tcp" else "open" if any(not out for out, _ in flags) else "no-answer"
    return flow


def tcp_state(flags: list[tuple[bool, int]]) -> str:
    """The contract's state of a TCP conversation that began with a SYN; flags: (from the client, TCP flags)."""
    answered = any(not out and value & SYN for out, value in flags)
    if not answered:
        return "refused" if any(not out and value & RST for out, value in flags) else "no-answer"
    if {out for out, value in flags if value & FIN} == {True, False}:
        return "closed"
    return "reset" if any(value & RST for _, value in flags) else "open"
