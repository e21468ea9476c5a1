"""Traffic that went, or tried to go, past the proxies: direct-blocked, direct-allowed, quic-attempt, and captive-portal on direct
requests."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.findings import Confidence, Finding, Severity
from analyzer.routes.captured import is_known
from analyzer.routes.proxies import ip_port
from analyzer.routes.requests import Bools, Ints, integers, one_array
from analyzer.routes.route import DIRECT, PROXY
from analyzer.text.times import values
from analyzer.text.words import counted, listed
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column, mask, says, state_list
from analyzer.verdict.evidence import ANSWERED, BLOCKED, Evidence, coded, grouped
from analyzer.verdict.seen import defender_seen

LOG_ON_FIRST = 511

SOON_NS = 30 * 10**9
"""Within this time after a QUIC attempt, a request to a proxy counts as the same request tried again."""


NO_OTHER_WAY = "Set a proxy for these services on the client, or let them through at the gateway: nothing of them was seen to work."


def find(case: Case) -> list[Finding]:
    """One finding of each code, over all sources. A flow of unknown outcome, or through a transparent proxy, raises none."""
    evidence = case.evidence
    stopped = _without_another_way(case)
    direct = evidence.route == DIRECT
    sent_off = to_a_portal(evidence)
    tcp = says(evidence, "protocol", "tcp")
    only_proxies = evidence.topology.policy == "proxies-only"
    speaking = [client for client, how in defender_seen(evidence).items() if how == "seen"]
    expected = evidence.own | only_proxies | ((evidence.service.codes >= 0) & np.isin(evidence.client.codes, speaking))
    found = [
        _finding(evidence, "direct-blocked", direct & tcp & (evidence.direct == BLOCKED) & ~sent_off, stopped, _in_pac_files(case)),
        _finding(evidence, "direct-allowed", direct & (evidence.direct == ANSWERED) & ~evidence.taken_over & expected),
        _finding(evidence, "quic-attempt", direct & ~tcp),
        _portal(evidence, np.flatnonzero(sent_off)),
    ]
    return [finding for finding in found if finding is not None]


def to_a_portal(evidence: Evidence) -> Bools:
    """Per row: whether it went past the proxies and was sent to a logon page: redirected as requests for other hosts are, or by the status
    for it (RFC 6585 6). Where requests to a proxy are redirected to the same place too, the finding is about the proxy."""
    status, place = integers(column(evidence, "http_status"), -1), column(evidence, "http_location")
    asked = one_array(evidence.flows.column("requests"))
    through = pc.list_flatten(asked).field("location").filter(array(evidence.asks_proxy & evidence.outcome.failed))
    elsewhere = mask(pc.is_in(place, value_set=through.drop_null()))
    redirected = (status >= 300) & (status < 400) & place.is_valid().to_numpy(zero_copy_only=False) & ~elsewhere
    result: Bools = (evidence.route == DIRECT) & (evidence.direct == BLOCKED) & (redirected | (status == LOG_ON_FIRST))
    return result


def _portal(evidence: Evidence, rows: Ints) -> Finding | None:
    """The direct requests that a portal redirected, and where to."""
    if not len(rows):
        return None
    places = sorted({place for place in values(column(evidence, "http_location").take(array(rows))) if place})
    where = f"redirected to {listed(places)}" if places else f"answered {LOG_ON_FIRST} (log on first)"
    whose = f"{counted(len(rows), 'direct request')} of {evidence.of_whom(rows)}{evidence.hosts_of(rows)}"
    text = f"{whose} {'was' if len(rows) == 1 else 'were'} {where}: a portal on the way wants a user to log on"
    services = np.unique(evidence.service.codes[rows][evidence.service.codes[rows] >= 0]).tolist()
    severity: Severity | None = None if services else "info"
    return evidence.finding("captive-portal", rows, text, services=services, severity=severity, confidence="likely")


def _without_another_way(case: Case) -> Bools:
    """Per row: whether it belongs to a service of Defender alone that this source tried only past the proxies, and none got through."""
    evidence = case.evidence
    rows = np.flatnonzero(evidence.own & evidence.blocked & (evidence.service.codes >= 0))
    stopped = np.zeros(len(evidence.route), dtype=np.bool_)
    for key, members in grouped(rows, evidence.client.codes, evidence.service.codes):
        answer = case.answers.services.get((key[0], key[1]))
        stopped[members] = answer is not None and answer.last.outcome == "blocked"
    return stopped


def _in_pac_files(case: Case) -> set[str]:
    """The proxies (ip:port) that the fetched PAC files name."""
    return {proxy for one in case.discoveries for proxy in one.proxies}


def _finding(
    evidence: Evidence, code: str, chosen: Bools, stopped: Bools | None = None, in_pac_files: Collection[str] = ()
) -> Finding | None:
    """stopped: rows of services without another way, which the text names. in_pac_files: addresses that PAC files name as proxies."""
    rows = np.flatnonzero(chosen)
    if not len(rows):
        return None
    addresses = coded(evidence.flows.column("server_ip"))
    servers = len(np.unique(addresses.codes[rows]))
    noun = "direct connection"
    unsure = rows[:0]
    if code == "quic-attempt":
        shown = is_known(evidence.flows, "client_random", "tls_offered", "sni") | says(evidence, "host_source", "quic")
        unsure = rows[~shown[rows]]
        noun = "QUIC attempt" if len(unsure) < len(rows) else "conversation over UDP port 443"
    whose = f"{counted(len(rows), noun)} of {evidence.of_whom(rows)} to {counted(servers, 'address')}"
    text = f"{whose}{evidence.hosts_of(rows)}: {state_list(evidence, rows)}"
    services = np.unique(evidence.service.codes[rows][evidence.service.codes[rows] >= 0]).tolist()
    if services:
        n = int((evidence.service.codes[rows] >= 0).sum())
        names = listed([evidence.service.values[service] for service in services])
        text += f"; {'all' if n == len(rows) else n} for services that Defender needs ({names})"
    if in_pac_files:
        ports = integers(column(evidence, "server_port"), 0)[rows].tolist()
        ends = {ip_port(addresses.values[ip], port) for ip, port in set(zip(addresses.codes[rows].tolist(), ports, strict=True))}
        if named := sorted(ends.intersection(in_pac_files)):
            what = "is a proxy" if len(named) == 1 else "are proxies"
            text += f"; by the PAC file {listed(named)} {what}, which the topology has to name"
    if evidence.topology.policy == "proxies-only" and code == "direct-allowed":
        text += "; the topology says that only the proxies are let out"
    if code == "quic-attempt":
        text += _tried_again(evidence, rows)
        if len(unsure):
            which = "" if len(unsure) == len(rows) else f"{len(unsure)} of them "
            text += f"; {which}without a ClientHello of QUIC's: QUIC that began before the capture, or another protocol, such as a VPN's"
    hurt = rows[stopped[rows]] if stopped is not None else rows[:0]
    if not len(hurt):
        if evidence.topology.policy == "proxies-only" and code == "direct-blocked":
            text += ", as the topology's policy wants it"
        sure: Confidence = "unclear" if len(unsure) == len(rows) else "certain"
        return evidence.finding(code, rows, text, services=services, severity=_severity(evidence, code, rows), confidence=sure)
    without = listed(sorted({evidence.service.values[service] for service in evidence.service.codes[hurt].tolist()}))
    found = evidence.finding(code, rows, f"{text}; no other way was seen for {without}", services=services, severity="problem")
    return found._replace(advice=NO_OTHER_WAY)


def _severity(evidence: Evidence, code: str, rows: Ints) -> Severity | None:
    """Where only proxies are allowed, blocked attempts are expected and answered ones are a hole; else only Defender's own hosts matter."""
    only_proxies = evidence.topology.policy == "proxies-only"
    own = bool(evidence.own[rows].any())
    if code == "direct-allowed" and only_proxies:
        return "problem"
    if code == "direct-blocked":
        return "info" if only_proxies or not own else "warning"
    behind_proxy = np.unique(evidence.client.codes[evidence.route == PROXY])
    mixed = bool(np.isin(evidence.client.codes[rows[evidence.own[rows]]], behind_proxy).any())
    return "warning" if code == "direct-allowed" and mixed else None


def _tried_again(evidence: Evidence, rows: Ints) -> str:
    """ "; 2 of the hosts were then asked of PROX02": by the same client, soon after, as browsers do when QUIC is blocked."""
    row = evidence.requests.row
    attempts = {key: evidence.first[members] for key, members in grouped(rows, evidence.client.codes, evidence.host.codes) if key[1] >= 0}
    named = {(client, evidence.host.values[host]): times for (client, host), times in attempts.items()}
    again: dict[str, set[str]] = {}
    for position in np.flatnonzero(evidence.asks_proxy & evidence.outcome.carried).tolist():
        name = evidence.request_host.text(int(evidence.request_host.codes[position])) or ""
        times = named.get((int(evidence.client.codes[row[position]]), name))
        at = evidence.begun[position]
        if times is not None and ((at >= times) & (at - times <= SOON_NS)).any():
            again.setdefault(name, set()).add(evidence.proxy_label(int(evidence.proxy.codes[row[position]])))
    if not again:
        return ""
    proxies = sorted({proxy for found in again.values() for proxy in found})
    return f"; {counted(len(again), 'host')} {'was' if len(again) == 1 else 'were'} then asked of {listed(proxies)}"
