"""Whether live response could work: by the command-and-control channel, and by nothing else.

The sensor fetches a session's orders over command and control. Push notifications only make it look sooner: "still get full functionality
of Live Response without this URL" (Microsoft's URL list), and they can't use a proxy at all, so their absence proves nothing.

A check-in proves only that the channel works. A session shows in what goes beyond the pace and size of the check-ins before the mark;
it is certain only by its shape: a long-lived tunnel with traffic both ways from the mark on, or the hosts a getfile goes to.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow.compute as pc

from analyzer.findings import Confidence
from analyzer.routes.requests import NO_TIME, Bools, Ints, integers, one_array, times_ns
from analyzer.studies.document import LiveResponse
from analyzer.studies.plan import PlannedTest, Span
from analyzer.text.times import rfc3339
from analyzer.text.words import counted, failure_list, listed
from analyzer.verdict.columns import state_list
from analyzer.verdict.evidence import Evidence

CHANNEL: Final = "edr-command-and-control"
PUSH: Final = "push-notifications"
FILES: Final = ("automatedir", "/storage")
"""What a getfile is sent to: AutoIR's hosts, and paths under /storage where a path can be seen."""

STARTED: Final = re.compile(r"live[ -]?response", re.IGNORECASE)
"""A mark with these words says that a session was started then, unless it says that none was."""
NOT_STARTED: Final = re.compile(
    r"not (?:available|started|possible|working)|isn'?t available|unavailable|fail(?:ed|s)? to (?:start|connect)|couldn'?t (?:be )?start"
    r"|could not (?:be )?start|no live[ -]?response|end(?:ed|s)|closed|disconnect",
    re.IGNORECASE,
)

LIKELY_NS: Final = 60 * 10**9
CERTAIN_NS: Final = 300 * 10**9
"""How long a source must be watched without a session until its timeout is likely, and certain."""

LONG_NS: Final = 5 * 10**9
LONGER: Final = 3
"""How long a tunnel in which a session runs is used from the mark on, at least; and how many times as long as any check-in before it."""
BOTH_WAYS: Final = 2000
"""Payload bytes that go each way in it then, at least: more than a handshake and one check-in."""

MORE: Final = 2
"""How many times the pace or size of the check-ins before the mark is more than a check-in."""

ENOUGH_CHECK_INS: Final = 2
"""Check-ins without a session's shape, from which on the session is taken to have timed out."""


@dataclass(frozen=True)
class Channel:
    """The command-and-control requests of all sources.

    before after   positions of requests that worked before the mark, and that began after it or whose tunnel was used after it
    broken         positions of those after the mark that broke or failed
    since          the mark, ns since 1970
    watched        how long the source is heard from the mark on, ns
    """

    before: Ints
    after: Ints
    broken: Ints
    since: int
    watched: int


def live_response(evidence: Evidence, test: PlannedTest, window: Span) -> LiveResponse:
    """The outcome, how sure it is, and the flows that decide it."""
    marks = [at for at, what in test.marks if STARTED.search(what) and not NOT_STARTED.search(what)]
    since = marks[0] if marks else window[0]
    channel = _channel(evidence, since)
    result = _blank(evidence, since if marks else None)
    if not marks:
        return _without_mark(evidence, result, channel)
    use = _use(evidence, channel)
    shaped = channel.after[_session_shape(evidence, channel, use)]
    files = _files(evidence, since)
    if len(shaped) or len(files):
        how = "a long-lived tunnel with traffic both ways from the mark on" if len(shaped) else "a file was fetched from the device"
        return _success(evidence, result, shaped if len(shaped) else channel.after, files, "certain", how)
    fresh = channel.after[evidence.begun[channel.after] >= since]
    if len(fresh) and _is_more(evidence, channel, fresh):
        return _success(evidence, result, fresh, files, "likely", "more than the check-ins before the mark, in number or size")
    if len(fresh) >= ENOUGH_CHECK_INS and len(channel.before):
        text = f"{counted(len(fresh), 'check-in')} at the pace and size of those before the mark, and nothing of a session's shape"
        return _timeout(evidence, result, channel, "likely", text)
    used = channel.after[use.out & use.back]
    if len(used):
        return _success(evidence, result, used, files, "unclear", "at the pace and size of check-ins: the channel works")
    return _timeout(evidence, result, channel, _patience(channel), None)


def _channel(evidence: Evidence, since: int) -> Channel:
    row = evidence.requests.row
    codes = [code for code, name in enumerate(evidence.request_service.values) if name == CHANNEL]
    wanted = evidence.asks_proxy & np.isin(evidence.request_service.codes, codes) & (evidence.begun != NO_TIME)
    works = wanted & evidence.outcome.carried & ~evidence.outcome.broken
    late: Bools = (evidence.begun >= since) | (evidence.last[row] >= since)
    clients = np.unique(evidence.client.codes[row[wanted]])
    own = np.isin(evidence.client.codes, clients) & (evidence.last != NO_TIME) if len(clients) else evidence.last != NO_TIME
    heard = int(evidence.last[own].max()) if own.any() else since
    return Channel(
        before=np.flatnonzero(works & (evidence.begun < since)),
        after=np.flatnonzero(works & late),
        broken=np.flatnonzero(wanted & ~works & (evidence.begun >= since)),
        since=since,
        watched=max(0, heard - since),
    )


@dataclass(frozen=True)
class Use:
    """Per request of Channel.after: of its tunnel from the mark on, whether payload went out and back, and much of both; for how long."""

    out: Bools
    back: Bools
    much: Bools
    length: Ints


def _use(evidence: Evidence, channel: Channel) -> Use:
    row = evidence.requests.row[channel.after]
    flows, n = evidence.flows, evidence.flows.num_rows
    lists = one_array(flows.column("active"))
    parent, entries = integers(pc.list_parent_indices(lists), 0), pc.list_flatten(lists)
    start, end = times_ns(entries.field("start")), times_ns(entries.field("end"))
    late = (end >= channel.since) & np.isin(parent, row)
    out, back = (np.bincount(parent[late], integers(entries.field(name), 0)[late], minlength=n) for name in ("bytes_out", "bytes_in"))
    first, last = np.full(n, np.iinfo(np.int64).max), np.full(n, channel.since)
    np.minimum.at(first, parent[late], np.maximum(start[late], channel.since))
    np.maximum.at(last, parent[late], end[late])
    # What began after the mark counts as a whole, whether or not its stretches are known.
    whole = evidence.first >= channel.since
    out = np.where(whole, integers(flows.column("bytes_out"), 0), out)[row]
    back = np.where(whole, integers(flows.column("bytes_in"), 0), back)[row]
    length = np.where(whole, evidence.last - evidence.first, last - np.minimum(first, last))[row]
    return Use(out > 0, back > 0, (out >= BOTH_WAYS) & (back >= BOTH_WAYS), length)


def _session_shape(evidence: Evidence, channel: Channel, use: Use) -> Bools:
    """Per request of channel.after: whether its tunnel is used for long from the mark on, with much payload both ways."""
    row = evidence.requests.row[channel.before]
    ended = np.minimum(evidence.last[row], channel.since)
    longest = int((ended - evidence.begun[channel.before]).max()) if len(row) else 0
    result: Bools = use.much & (use.length >= max(LONG_NS, LONGER * longest))
    return result


def _is_more(evidence: Evidence, channel: Channel, fresh: Ints) -> bool:
    """Whether what came after the mark is more than check-ins are, by what came before it: denser, or larger."""
    if not len(channel.before):
        return False
    began = np.sort(evidence.begun[channel.before])
    watched = max(1, channel.since - int(began[0]))
    row = evidence.requests.row
    larger = bool(evidence.bytes[row[fresh]].max() >= MORE * evidence.bytes[row[channel.before]].max())
    if len(began) < 2 or channel.watched <= 0:
        return larger
    denser = len(fresh) * watched >= MORE * len(began) * channel.watched and len(fresh) > len(began) // 2
    return larger or denser


def _files(evidence: Evidence, since: int) -> Ints:
    """Rows of flows to where a getfile goes, from the mark on."""
    hosts = np.array([value.startswith(FILES[0]) for value in evidence.host.values] + [False])
    path = pc.fill_null(one_array(evidence.flows.column("http_path")), "")
    storage = np.asarray(pc.starts_with(path, FILES[1]).to_numpy(zero_copy_only=False), dtype=np.bool_)
    result: Ints = np.flatnonzero((hosts[evidence.host.codes] | (storage & evidence.own)) & (evidence.first >= since))
    return result


def _patience(channel: Channel) -> Confidence:
    """How sure a timeout is."""
    if channel.watched >= CERTAIN_NS:
        return "certain"
    return "likely" if channel.watched >= LIKELY_NS or len(channel.broken) else "unclear"


def _without_mark(evidence: Evidence, result: LiveResponse, channel: Channel) -> LiveResponse:
    """What the channel shows where nothing says when, or whether, a session was started."""
    if len(channel.after):
        how = "no mark says that a session was started: the channel works, no more"
        return _success(evidence, result, channel.after, np.zeros(0, np.int64), "unclear", how)
    if len(channel.broken):
        return _timeout(evidence, result, channel, _patience(channel), None)
    result["reason"] = "no mark says that a session was started, and no command-and-control request was seen"
    return result


def _blank(evidence: Evidence, since: int | None) -> LiveResponse:
    return {
        "outcome": "none",
        "confidence": "certain",
        "since": None if since is None else rfc3339(since),
        "proxy": None,
        "name": None,
        "method": None,
        "reason": "",
        "push": _push(evidence),
        "flows": [],
    }


def _success(evidence: Evidence, result: LiveResponse, working: Ints, files: Ints, sure: Confidence, how: str) -> LiveResponse:
    row = evidence.requests.row
    result["outcome"], result["confidence"] = "success", sure
    result["flows"] = evidence.flow_ids(np.union1d(row[working], files))
    if len(working):
        proxies = Counter(evidence.proxy.codes[row[working]].tolist())
        best = max(proxies, key=lambda code: (proxies[code], -code))
        address = evidence.proxy.values[best]
        result["proxy"], (result["name"], result["method"]) = address, evidence.proxy_names[address]
        labels = listed([evidence.proxy_label(code) for code in proxies])
        result["reason"] = f"{counted(len(working), 'command-and-control tunnel')} worked through {labels}: {how}"
    else:
        result["reason"] = how
    return result


def _timeout(evidence: Evidence, result: LiveResponse, channel: Channel, sure: Confidence, text: str | None) -> LiveResponse:
    result["outcome"], result["confidence"] = "timeout", sure
    codes = [code for code, name in enumerate(evidence.service.values) if name == CHANNEL]
    direct = np.flatnonzero((evidence.direct >= 0) & np.isin(evidence.service.codes, codes) & (evidence.first >= channel.since))
    result["reason"] = text or _why_not(evidence, channel, direct)
    rows = np.union1d(evidence.requests.row[np.concatenate([channel.broken, channel.after])], direct)
    result["flows"] = evidence.flow_ids(rows.astype(np.int64))
    return result


def _why_not(evidence: Evidence, channel: Channel, direct: Ints) -> str:
    """ "5 tunnels opened through PROX02 and TLS inside broke; 2 direct connections: 2 no-answer"."""
    row = evidence.requests.row
    broken = channel.broken[evidence.outcome.broken[channel.broken]]
    parts = []
    if len(broken):
        proxies = sorted({evidence.proxy_label(code) for code in evidence.proxy.codes[row[broken]].tolist()})
        hosts = sorted({evidence.request_host.values[code] for code in evidence.request_host.codes[broken].tolist() if code >= 0})
        parts.append(
            f"{counted(len(broken), 'tunnel')} to {listed(hosts)} opened through {listed(proxies)}, and TLS inside broke each time"
        )
    refused = channel.broken[evidence.outcome.failed[channel.broken]]
    if len(refused):
        parts.append(f"{counted(len(refused), 'request')} failed ({failure_list(Counter(evidence.requests.status[refused].tolist()))})")
    if len(direct):
        parts.append(f"{counted(len(direct), 'direct connection')}: {state_list(evidence, direct)}")
    if parts:
        return "; ".join(parts)
    seconds = channel.watched / 1_000_000_000
    return f"not one command-and-control request was seen in the {seconds:.0f} s after the session was started, and without it none begins"


def _push(evidence: Evidence) -> str | None:
    codes = [code for code, name in enumerate(evidence.service.values) if name == PUSH]
    rows = np.flatnonzero(np.isin(evidence.service.codes, codes))
    if not len(rows):
        return None
    flows = counted(len(rows), "push notification flow")
    return f"{flows} ({state_list(evidence, rows)}): they only speed up a session's start and prove nothing"
