"""Sources without Defender's own traffic, and workstations that weren't seen at all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

import numpy as np

from analyzer.arrow import array
from analyzer.findings import Finding
from analyzer.routes.captured import is_known
from analyzer.routes.direct import ANSWERED, HTTPS_PORT
from analyzer.routes.networks import address_text
from analyzer.routes.proxies import ip_port
from analyzer.routes.requests import Ints, integers
from analyzer.routes.route import DIRECT, PROXY, UPSTREAM
from analyzer.text.times import values
from analyzer.text.words import counted, listed
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column, says
from analyzer.verdict.evidence import Evidence, source_rows
from analyzer.verdict.finders.captures import unopened_packets
from analyzer.verdict.lookalikes import lookalikes_of
from analyzer.verdict.lookups import looked_up
from analyzer.verdict.seen import PORTAL, defender_seen
from analyzer.verdict.unread import begun_before, only_answers, to_nameless, unread_requests, unreadable

MIN_ANSWERED: Final = 4
"""Answered connections of a source to one server from which on that server may be its proxy."""


MIN_DATAGRAMS: Final = 20
MIN_DATAGRAM_BYTES: Final = 100
"""Packets each way, and average payload, from which on a conversation over UDP may be a VPN."""


def find(case: Case) -> list[Finding]:
    """no-service-traffic: one over all sources that are `not-seen`, one over all named workstations that sent nothing."""
    evidence = case.evidence
    mine = np.flatnonzero(source_rows(evidence))
    known = list(defender_seen(evidence))
    rows = mine[~np.isin(evidence.client.codes[mine], known)]
    found = []
    if len(rows):
        to_proxies = int((evidence.route[rows] == PROXY).sum())
        unsent = int(only_answers(evidence)[rows].sum())
        text = f"{evidence.of_whom(rows)} sent nothing {'that was captured ' if unsent else ''}to any service of Defender's own: "
        text += f"{to_proxies} of {counted(len(rows), 'flow')} went to proxies"
        if unsent:
            text += f", and of {unsent} only the answers were captured, so Defender may have been asked for there"
        clients = np.unique(evidence.client.codes[rows]).tolist()
        begun = int(begun_before(evidence)[rows].sum())
        if begun:
            what = "what it was" if begun == 1 else "what they were"
            text += f", and {counted(begun, 'connection')} of them began before the capture, so {what} for isn't known"
        unread = sum(counts.total() for client, counts in unread_requests(evidence).items() if client in clients)
        if unread:
            text += f", and the names in {unread} of their requests weren't captured, so Defender may have been asked for there"
        addressed = int(to_nameless(evidence)[rows].sum())
        if addressed:
            text += f", and {addressed} of them to {'an address' if addressed == 1 else 'addresses'} whose name wasn't seen"
        blank = int(unreadable(evidence)[rows].sum())
        if blank:
            what = "what it was" if blank == 1 else "what they were"
            text += f", and of {blank} of them nothing that was said could be read, so {what} for isn't known"
        asked = sorted({evidence.service.values[code] for code in evidence.service.codes[rows].tolist() if code >= 0})
        if asked:
            whose = "that any browser may ask for" if asked == [PORTAL] else "that Defender shares with Windows, Azure and browsers"
            text += f"; hosts {whose} were asked for ({listed(asked)}) and prove nothing"
        sought, shared = _sought(case, rows)
        if sought:
            text += f"; DNS was asked for Defender's own {listed(sought)} all the same"
        if shared:
            text += f", and {counted(shared, 'flow')} went to an address that it gave for them as well as for another name"
        reached = [row for row in rows.tolist() if row in case.reached]
        if reached:
            names = listed(sorted(set[str]().union(*(case.reached[row] for row in reached))))
            text += f"; {counted(len(reached), 'flow')} without a name went to an address that DNS gave others for Defender's own {names}"
        like = lookalikes_of(evidence, case.catalogue).of(rows)
        if like:
            look, them = ("looks", "it") if len(like) == 1 else ("look", "them")
            text += f"; {listed(like)} {look} like Defender's, though no rule knows {them}"
        if maybe := perhaps_proxies(evidence, rows):
            text += (
                f"; nearly all that was answered is TLS to {listed(maybe)}: where that is a proxy over TLS, what it is asked for can't be "
            )
            text += "seen, and the topology has to name it"
        vpns = perhaps_vpns(evidence, clients)
        if vpns:
            text += (
                f"; nearly all that was sent and received are datagrams of {listed(vpns)}: if that is a VPN, what is in it can't be seen"
            )
        if shut := unopened_packets(case):
            text += f"; {counted(shut, 'packet')} that couldn't be opened may belong to any source and any service"
        named = any(evidence.names.name(evidence.client.values[code]) for code in clients)
        found.append(
            evidence.finding(
                "no-service-traffic",
                rows,
                text,
                severity="warning" if named else None,
                confidence="likely"
                if unsent or unread or begun or addressed or blank or shared or reached or like or maybe or vpns or shut
                else "certain",
            )
        )
    return found + _unseen(case)


def _sought(case: Case, rows: Ints) -> tuple[list[str], int]:
    """(Defender's own names that these flows' sources looked up, how many of the flows went to an address of these names)."""
    evidence, found = case.evidence, looked_up(case)
    own = {code: found[ip] for code, ip in enumerate(evidence.client.values) if ip in found}
    mine = rows[np.isin(evidence.client.codes[rows], list(own))]
    servers = values(column(evidence, "server_ip").take(array(mine)))
    shared = sum(server in own[code].addresses for code, server in zip(evidence.client.codes[mine].tolist(), servers, strict=True))
    return sorted({name for code in np.unique(evidence.client.codes[mine]).tolist() for name in own[code].names}), shared


def perhaps_proxies(evidence: Evidence, rows: Ints) -> list[str]:
    """Servers (ip:port) that may be proxies over TLS and that the topology doesn't name: one gave nine of ten of a source's answers.

    Web servers are many and use port 443; such a proxy uses another port, or a private address.
    """
    flows = evidence.flows
    answered = rows[(evidence.route[rows] == DIRECT) & (evidence.direct[rows] == ANSWERED)]
    if len(answered) < MIN_ANSWERED:
        return []
    spoken = is_known(flows, "client_hello_at", "tls_offered")
    ports = integers(column(evidence, "server_port"), 0)
    servers = evidence.flows.column("server_ip").take(array(answered)).to_pylist()
    ends = [ip_port(ip, port) for ip, port in zip(servers, ports[answered].tolist(), strict=True)]
    private = {ip: ip_address(ip).is_private for ip in set(servers)}
    odd = [port != HTTPS_PORT or private[ip] for ip, port in zip(servers, ports[answered].tolist(), strict=True)]
    by_client: dict[int, Counter[str | None]] = defaultdict(Counter)
    for client, end, counts in zip(
        evidence.client.codes[answered].tolist(), ends, (spoken[answered] & np.array(odd)).tolist(), strict=True
    ):
        by_client[client][end if counts else None] += 1
    found = set()
    for counter in by_client.values():
        most, n = counter.most_common(1)[0]
        if most is not None and n >= MIN_ANSWERED and n * 10 >= counter.total() * 9:
            found.add(most)
    return sorted(found)


def perhaps_vpns(evidence: Evidence, clients: Sequence[int]) -> list[str]:
    """Servers (ip:port) of unknown conversations over UDP that carried nine tenths of all bytes of one of these clients.

    Those of few small datagrams, as clocks and monitoring send, carry no other traffic.
    """
    known = is_known(evidence.flows, "client_random", "tls_offered", "sni", "host")
    ways = [integers(column(evidence, name), 0) for name in ("packets_out", "packets_in")]
    rows = np.flatnonzero(says(evidence, "protocol", "udp") & (np.minimum(*ways) >= MIN_DATAGRAMS) & ~known)
    packets = np.sum(ways, axis=0)
    rows = rows[np.isin(evidence.client.codes[rows], clients) & (evidence.bytes[rows] >= MIN_DATAGRAM_BYTES * packets[rows])]
    whole = np.bincount(evidence.client.codes, weights=evidence.bytes, minlength=len(evidence.client.values))
    rows = rows[evidence.bytes[rows] * 10 >= whole[evidence.client.codes[rows]] * 9]
    ports = integers(column(evidence, "server_port"), 0)[rows].tolist()
    servers = values(column(evidence, "server_ip").take(array(rows)))
    return sorted({ip_port(ip, port) for ip, port in zip(servers, ports, strict=True)})


def _unseen(case: Case) -> list[Finding]:
    """The workstations of the topology (given by address, not by network) that aren't among the sources."""
    evidence = case.evidence
    if not evidence.topology.workstations:
        return []
    seen = {evidence.client.values[code] for code in np.unique(evidence.client.codes[source_rows(evidence)]).tolist()}
    called = {evidence.names.name(address) for address in seen}
    missing: dict[str, str] = {}
    for workstation in evidence.topology.workstations:
        address = address_text(workstation.network)
        if workstation.network.prefixlen == workstation.network.max_prefixlen and address not in seen and workstation.name not in called:
            missing.setdefault(workstation.name, address)
    if not missing:
        return []
    heard = set(evidence.client.values) | _answering(evidence)
    labels = [f"{name} ({address})" for name, address in missing.items()]
    spoke = [f"{name} ({address})" for name, address in missing.items() if address in heard or name in {*map(evidence.names.name, heard)}]
    if len(spoke) == len(labels):
        text = f"{listed(labels)} sent nothing that can carry a service: neither TCP nor QUIC was captured"
    else:
        text = f"{listed(labels)} sent nothing at all that was captured"
        text += f", but for {listed(spoke)}, which sent other datagrams only" if spoke else ""
    shut = unopened_packets(case)
    if shut:
        text += f"; {counted(shut, 'packet')} that couldn't be opened may belong to any source and any service"
    return [
        Finding(
            "no-service-traffic",
            text,
            client_ips=sorted(missing.values()),
            severity="warning",
            confidence="likely" if shut else "certain",
        )
    ]


def _answering(evidence: Evidence) -> set[str]:
    """Addresses that sent packets as the server of a flow; NTP peers both use one port, so that a workstation may be the server."""
    sent = np.flatnonzero(integers(column(evidence, "packets_in"), 0) > 0)
    return {evidence.names.canonical(ip) for ip in set(values(column(evidence, "server_ip").take(array(sent))))}


def no_source_reason(evidence: Evidence) -> str | None:
    """The reason why the verdict has no sources; None when it has some."""
    if source_rows(evidence).any():
        return None
    total = evidence.flows.num_rows
    upstream = int((evidence.route == UPSTREAM).sum())
    if upstream:
        legs = counted(upstream, "upstream leg")
        cure = "capture between the clients and the proxies to see who asked"
        return f"all that could carry a service is {legs}, opened from a proxy's address: {cure}"
    if total:
        which = "the one flow is neither" if total == 1 else f"none of the {total:,} flows is"
        return f"{which} TCP {'nor' if total == 1 else 'or'} QUIC: nothing here can carry a Defender service"
    return "no TCP or UDP flow was captured in this window"
