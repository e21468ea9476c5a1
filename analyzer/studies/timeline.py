"""The verdict over time: the stretches of each service by way and proxy; and each source's traffic while no user was logged on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analyzer.routes.networks import address_text
from analyzer.routes.requests import Ints
from analyzer.studies.document import Silence, Stretch
from analyzer.studies.moments import WAYS, Moments
from analyzer.studies.plan import Span
from analyzer.text.words import counted
from analyzer.verdict.evidence import Evidence, grouped, rfc3339

GAP: Final = 20
"""A stretch ends at a gap of a twentieth of the test: a shorter gap isn't visible in its picture."""

_NS: Final = 1_000_000_000


def timeline(evidence: Evidence, moments: Moments, window: Span) -> list[Stretch]:
    """All stretches, in order of time, then of source, plane, service and way."""
    gap = max(1, (window[1] - window[0]) // GAP)
    stretches = []
    keys = (moments.client, moments.plane, moments.service, moments.way, moments.proxy)
    for (client, plane, service, way, proxy), found in grouped(np.arange(len(moments.row)), *keys):
        ordered = found[np.argsort(moments.start[found], kind="stable")]
        reached = np.maximum.accumulate(moments.end[ordered])
        breaks = np.flatnonzero(moments.start[ordered][1:] - reached[:-1] > gap) + 1
        for part in np.split(ordered, breaks):
            stretches.append(_stretch(evidence, moments, part, (client, plane, service, way, proxy)))
    return sorted(stretches, key=_in_time)


def _in_time(stretch: Stretch) -> tuple[str, ...]:
    return (
        stretch["first_seen"],
        stretch["client_ip"],
        stretch["plane"] or "~",
        stretch["service"] or "~",
        stretch["way"],
        stretch["proxy"] or "",
    )


def _stretch(evidence: Evidence, moments: Moments, part: Ints, key: tuple[int, int, int, int, int]) -> Stretch:
    client, plane, service, way, proxy = key
    through = WAYS[way] == "proxy"
    address = evidence.proxy.text(proxy) if through else None
    name, method = evidence.proxy_names[address] if address is not None else (None, None)
    return {
        "client_ip": evidence.client.values[client],
        "plane": evidence.plane.text(plane),
        "service": evidence.service.text(service),
        "way": WAYS[way],
        "proxy": address,
        "name": name,
        "method": method,
        "first_seen": rfc3339(int(moments.start[part].min())),
        "last_seen": rfc3339(int(moments.end[part].max())),
        "requests": int(moments.asked[part].sum()) if through else len(part),
        "failed": int(moments.failed[part].sum()),
        "bytes": int(moments.bytes[part].sum()),
        "flows": evidence.flow_ids(np.unique(moments.row[part])),
    }


def silences(evidence: Evidence, moments: Moments, spans: Sequence[Span]) -> list[Silence]:
    """A Silence for each source and span without a user; also for the topology's workstations without any traffic.

    spans  [start, end) within the test, ns since 1970
    """
    clients = np.unique(moments.client).tolist()
    seen = {evidence.client.values[code] for code in clients}
    named = [w for w in evidence.topology.workstations if w.network.prefixlen == w.network.max_prefixlen]
    unseen = [address for w in named if (address := address_text(w.network)) not in seen]
    found = [_silence(evidence, moments, client, span) for span in spans for client in clients]
    return found + [_unseen(evidence, address, span) for span in spans for address in unseen]


def _silence(evidence: Evidence, moments: Moments, client: int, span: Span) -> Silence:
    own = moments.client == client
    inside = own & (moments.start >= span[0]) & (moments.start < span[1])
    defender = (moments.service >= 0) & moments.own  # a host that Windows requests too proves nothing about Defender
    asked = np.flatnonzero(inside & defender)
    later = np.flatnonzero(own & defender & (moments.start >= span[1]) & (moments.way == WAYS.index("proxy")))
    resumed = later[np.argmin(moments.start[later])] if len(later) else None
    other = len(np.unique(moments.row[inside & ~defender]))
    entry = _blank(evidence, evidence.client.values[client], span)
    entry["silent"], entry["requests"], entry["other_flows"] = not len(asked), len(asked), other
    rows = np.unique(moments.row[asked])
    if resumed is not None:
        at = int(moments.start[resumed])
        proxy = evidence.proxy.text(int(moments.proxy[resumed]))
        entry["resumed"], entry["resumed_proxy"] = rfc3339(at), proxy
        entry["resumed_name"] = evidence.proxy_names[proxy][0] if proxy else None
        entry["seconds_until"] = round((at - span[1]) / _NS, 3)
        rows = rows if len(asked) else moments.row[[resumed]]
    entry["flows"] = evidence.flow_ids(rows)
    entry["text"] = _silence_text(entry, (span[1] - span[0]) / _NS)
    return entry


def _unseen(evidence: Evidence, address: str, span: Span) -> Silence:
    entry = _blank(evidence, address, span)
    entry["text"] = _silence_text(entry, (span[1] - span[0]) / _NS)
    return entry


def _blank(evidence: Evidence, address: str, span: Span) -> Silence:
    return {
        "client_ip": address,
        "name": evidence.topology.workstation_name(address),
        "start": rfc3339(span[0]),
        "end": rfc3339(span[1]),
        "silent": True,
        "requests": 0,
        "other_flows": 0,
        "resumed": None,
        "resumed_proxy": None,
        "resumed_name": None,
        "seconds_until": None,
        "text": "",
        "flows": [],
    }


def _silence_text(entry: Silence, seconds: float) -> str:
    who = entry["name"] or entry["client_ip"]
    if not entry["silent"]:
        return f"{who} spoke to Defender's services while no user was logged on: {counted(entry['requests'], 'request')} in {seconds:.1f} s"
    other = entry["other_flows"]
    alive = f", though {counted(other, 'other flow')} of it {'was' if other == 1 else 'were'} captured" if other else ""
    text = f"{who} sent nothing to Defender's services for {seconds:.1f} s while no user was logged on{alive}"
    if entry["resumed"] is not None:
        through = entry["resumed_name"] or entry["resumed_proxy"]
        text += f"; the first request came {entry['seconds_until']:.1f} s after that, through {through}"
    return text
