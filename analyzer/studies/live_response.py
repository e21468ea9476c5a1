"""Whether live response could work, judged only by the command-and-control channel, through a proxy or past the proxies.

The sensor fetches a session's commands over command and control. Push notifications only make the sensor ask sooner: "still get full
functionality of Live Response without this URL" (Microsoft's URL list), and they can't use a proxy, so their absence proves nothing.

A check-in proves only that the channel works. Traffic beyond the pace and size of the check-ins before the mark indicates a session;
only the shape makes it certain: a long-lived tunnel with traffic both ways from the mark on, or flows to the hosts of a getfile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.findings import Confidence
from analyzer.routes.requests import NO_TIME, Bools, Ints, integers, one_array, times_ns
from analyzer.studies.document import LiveResponse
from analyzer.studies.marks import END, Wait, waits_of
from analyzer.studies.plan import PlannedTest, Span
from analyzer.text.times import clock, rfc3339
from analyzer.text.words import counted, failure_list, listed, printable
from analyzer.verdict.columns import state_list
from analyzer.verdict.evidence import ANSWERED, Evidence, occurring

CHANNEL: Final = "edr-command-and-control"
PUSH: Final = "push-notifications"
GETFILE_TARGETS: Final = ("automatedir", "/storage")
"""Targets of a getfile: prefix of AutoIR's hosts, and prefix of paths, if the path is readable."""

LIKELY_NS: Final = 60 * 10**9
CERTAIN_NS: Final = 300 * 10**9
"""Minimum time that a source is captured without a session for its timeout to be likely, and certain."""

LONG_NS: Final = 5 * 10**9
TIMES_AS_LONG: Final = 3
"""Minimum use of a session's tunnel from the mark on: a time, and a multiple of the longest check-in before the mark."""
BOTH_WAYS: Final = 2000
"""Minimum payload bytes each way in a session's tunnel from the mark on: more than a handshake and one check-in."""

TIMES_AS_MANY: Final = 2
"""Traffic of this multiple of the pace or size of the check-ins before the mark is more than check-ins."""

ENOUGH_CHECK_INS: Final = 2
"""Minimum check-ins after the mark, none of a session's shape, for a likely timeout."""

MOST_NAMED: Final = 3
"""Maximum of sources whose reasons the text lists if none of several had a session."""


@dataclass(frozen=True)
class Uses:
    """Uses of command and control: requests to a proxy, and answered connections past the proxies.

    row     int64[n]  rows of their flows
    begun   int64[n]  ns since 1970
    """

    row: Ints
    begun: Ints

    def __len__(self) -> int:
        return len(self.row)

    def where(self, chosen: Bools) -> Uses:
        """The chosen uses; chosen: bool[n]."""
        return Uses(self.row[chosen], self.begun[chosen])


@dataclass(frozen=True)
class Channel:
    """The uses of command and control by some sources.

    before after   working uses before the mark; working uses that began after it, or whose connection was used after it
    broken         positions of requests after the mark that broke or failed
    past           rows of connections past the proxies after the mark that failed
    since until    the mark, and the next one, ns since 1970
    watched        time from the mark (or a later begin of the capture) to the sources' last packet, ns
    late           whether the capture begins after the mark
    """

    before: Uses
    after: Uses
    broken: Ints
    past: Ints
    since: int
    until: int
    watched: int
    late: bool


def live_response(evidence: Evidence, test: PlannedTest, window: Span) -> LiveResponse:
    """The outcome, its confidence, and the flows that decide it.

    If several machines use command and control, each is judged by itself: a session is one machine's. A mark that names machines concerns
    these alone. If several sessions were started, the reason has an answer for each, and all other keys are the last one's.
    """
    waits = waits_of(evidence, test, window[0])
    if not waits:
        return _without_mark(
            evidence,
            _empty_result(evidence, None),
            _channel(evidence, Wait(window[0], END, None, window[0]), _sources_with_channel(evidence) or None),
        )
    results: list[tuple[int, LiveResponse]] = []
    sessions = np.zeros(0, np.int64)
    for wait in waits:
        result = _mark_result(evidence, wait, sessions)
        results.append((wait.since, result))
        if result["outcome"] == "success" and result["confidence"] != "unclear":
            found = pc.is_in(one_array(evidence.flows.column("id")), value_set=pa.array(result["flows"], pa.string()))
            sessions = np.union1d(sessions, np.flatnonzero(found.to_numpy(zero_copy_only=False)))
    return result if len(results) == 1 else _marks_result(results)


def _mark_result(evidence: Evidence, wait: Wait, sessions: Ints) -> LiveResponse:
    """The result of one mark."""
    using = [client for client in _sources_with_channel(evidence) if wait.named is None or client in wait.named]
    if len(using) < 2:
        return _judged(evidence, wait, using or (None if wait.named is None else sorted(wait.named)), sessions)
    return _sources_result(evidence, [(evidence.client_label(client), _judged(evidence, wait, [client], sessions)) for client in using])


OUTCOME_WORDS: Final = {"success": "worked", "timeout": "timed out", "none": "wasn't wanted"}


def _marks_result(results: Sequence[tuple[int, LiveResponse]]) -> LiveResponse:
    """The last mark's result, with the reasons, flows and outcomes of all marks."""
    each = [
        f"at {clock(since)} it {'perhaps ' if one['confidence'] == 'unclear' else ''}{OUTCOME_WORDS[one['outcome']]}: {one['reason']}"
        for since, one in results
    ]
    flows = list(dict.fromkeys(flow for _, result in results for flow in result["flows"]))
    outcomes: list[str] = [result["outcome"] for _, result in results]
    return {**results[-1][1], "reason": f"started {len(results)} times: {'; '.join(each)}", "flows": flows, "outcomes": outcomes}


def _sources_with_channel(evidence: Evidence) -> list[int]:
    """Codes of the clients that used command and control, through proxies or past them."""
    rows = np.concatenate([evidence.requests.row[_asks_channel(evidence)], np.flatnonzero(_is_direct_channel(evidence))])
    return occurring(evidence.client.codes[rows])


def _asks_channel(evidence: Evidence) -> Bools:
    """bool per request: it is to a proxy, for command and control, at a known time."""
    codes = [code for code, name in enumerate(evidence.request_service.values) if name == CHANNEL]
    result: Bools = evidence.asks_proxy & np.isin(evidence.request_service.codes, codes) & (evidence.begun != NO_TIME)
    return result


def _is_direct_channel(evidence: Evidence) -> Bools:
    """bool per flow: it went to command and control past the proxies, at a known time."""
    codes = [code for code, name in enumerate(evidence.service.values) if name == CHANNEL]
    result: Bools = (evidence.direct >= 0) & np.isin(evidence.service.codes, codes) & (evidence.first != NO_TIME)
    return result


def _sources_result(evidence: Evidence, results: Sequence[tuple[str, LiveResponse]]) -> LiveResponse:
    """One result for several sources: the surest session; else a working channel; else that all timed out. results: (label, result)."""
    order = [("success", "certain"), ("success", "likely"), ("success", "unclear")]
    best = min(results, key=lambda one: _rank(order, (one[1]["outcome"], one[1]["confidence"])))
    if best[1]["outcome"] == "success":
        return {**best[1], "reason": f"{printable(best[0])}: {best[1]['reason']}"}
    least = min((one["confidence"] for _, one in results), key=("unclear", "likely", "certain").index)
    reasons = [f"{printable(label)}: {one['reason']}" for label, one in results[:MOST_NAMED]]
    more = [f"{counted(len(results) - MOST_NAMED, 'more source')} without a session"] if len(results) > MOST_NAMED else []
    flows = list(dict.fromkeys(flow for _, one in results for flow in one["flows"]))
    return {**results[0][1], "confidence": least, "reason": "; ".join([*reasons, *more]), "flows": flows}


def _rank(order: Sequence[tuple[str, str]], one: tuple[str, str]) -> int:
    return order.index(one) if one in order else len(order)


def _judged(evidence: Evidence, wait: Wait, clients: Sequence[int] | None, sessions: Ints) -> LiveResponse:
    """The result of these clients together; None: of all. sessions: rows of the flows of earlier marks' sessions."""
    channel = _channel(evidence, wait, clients, sessions)
    result = _empty_result(evidence, wait.since)
    use = _use_after_mark(evidence, channel)
    is_session = _session_shape(evidence, channel, use)
    files = _getfile_rows(evidence, wait, clients)
    if is_session.any() or len(files):
        how = "a long-lived tunnel with traffic both ways from the mark on" if is_session.any() else "a file was fetched from the device"
        return _success(evidence, result, channel.after.where(is_session) if is_session.any() else channel.after, files, "certain", how)
    fresh = channel.after.where(channel.after.begun >= wait.since)
    if len(fresh) and _exceeds_check_ins(evidence, channel, fresh):
        return _success(evidence, result, fresh, files, "likely", "more than the check-ins before the mark, in number or size")
    if len(fresh) >= ENOUGH_CHECK_INS and len(channel.before):
        text = f"{counted(len(fresh), 'check-in')} at the pace and size of those before the mark, and nothing of a session's shape"
        return _timeout(evidence, result, channel, "likely", text)
    used = channel.after.where(use.out & use.back)
    if len(used):
        return _success(evidence, result, used, files, "unclear", "at the pace and size of check-ins: the channel works")
    return _timeout(evidence, result, channel, _timeout_confidence(channel), None)


def _channel(evidence: Evidence, wait: Wait, clients: Sequence[int] | None, sessions: Ints | None = None) -> Channel:
    row, since, until = evidence.requests.row, wait.since, wait.until
    own = np.ones(len(evidence.first), np.bool_) if clients is None else np.isin(evidence.client.codes, clients)
    wanted, past = _asks_channel(evidence) & own[row], _is_direct_channel(evidence) & own
    works = wanted & evidence.outcome.carried & ~evidence.outcome.broken
    gone_on = pc.fill_null(one_array(evidence.flows.column("tls_completed")), True).to_numpy(zero_copy_only=False).astype(np.bool_)
    answered = past & (evidence.direct == ANSWERED) & gone_on
    rows = np.concatenate([row[works], np.flatnonzero(answered)])
    uses = Uses(rows, np.concatenate([evidence.begun[works], evidence.first[answered]]))
    theirs = own & np.isin(evidence.client.codes, np.unique(evidence.client.codes[np.concatenate([row[wanted], np.flatnonzero(past)])]))
    heard = evidence.last[(theirs if theirs.any() else own) & (evidence.last != NO_TIME)]
    check_in = np.ones(len(rows), np.bool_) if sessions is None else ~np.isin(rows, sessions)
    return Channel(
        before=uses.where((uses.begun < since) & check_in),
        after=uses.where((uses.begun < until) & ((uses.begun >= since) | (evidence.last[rows] >= since))),
        broken=np.flatnonzero(wanted & ~works & (evidence.begun >= since) & (evidence.begun < until)),
        past=np.flatnonzero(past & ~answered & (evidence.first >= since) & (evidence.first < until)),
        since=since,
        until=until,
        watched=max(0, min(int(heard.max()), until) - max(since, wait.captured)) if len(heard) else 0,
        late=wait.captured > since,
    )


@dataclass(frozen=True)
class Use:
    """Per use in Channel.after, of its connection from the mark on: payload out, payload back, BOTH_WAYS of both; length: ns of use."""

    out: Bools
    back: Bools
    much: Bools
    length: Ints


def _use_after_mark(evidence: Evidence, channel: Channel) -> Use:
    row = channel.after.row
    flows, n = evidence.flows, evidence.flows.num_rows
    lists = one_array(flows.column("active"))
    parent, entries = integers(pc.list_parent_indices(lists), 0), pc.list_flatten(lists)
    start, end = times_ns(entries.field("start")), times_ns(entries.field("end"))
    late = (end >= channel.since) & (start < channel.until) & np.isin(parent, row)
    out, back = (np.bincount(parent[late], integers(entries.field(name), 0)[late], minlength=n) for name in ("bytes_out", "bytes_in"))
    first, last = np.full(n, np.iinfo(np.int64).max), np.full(n, channel.since)
    np.minimum.at(first, parent[late], np.maximum(start[late], channel.since))
    np.maximum.at(last, parent[late], end[late])
    # A flow that began after the mark counts as a whole, whether or not its active stretches are known.
    whole = evidence.first >= channel.since
    out = np.where(whole, integers(flows.column("bytes_out"), 0), out)[row]
    back = np.where(whole, integers(flows.column("bytes_in"), 0), back)[row]
    length = np.where(whole, evidence.last - evidence.first, last - np.minimum(first, last))[row]
    return Use(out > 0, back > 0, (out >= BOTH_WAYS) & (back >= BOTH_WAYS), length)


def _session_shape(evidence: Evidence, channel: Channel, use: Use) -> Bools:
    """bool per use of channel.after: from the mark on its connection is used for long, with BOTH_WAYS of payload each way."""
    ended = np.minimum(evidence.last[channel.before.row], channel.since)
    longest = int((ended - channel.before.begun).max()) if len(ended) else 0
    result: Bools = use.much & (use.length >= max(LONG_NS, TIMES_AS_LONG * longest))
    return result


def _exceeds_check_ins(evidence: Evidence, channel: Channel, fresh: Uses) -> bool:
    """Whether the uses after the mark (fresh) are denser or larger than the check-ins before it."""
    if not len(channel.before):
        return False
    began = np.sort(channel.before.begun)
    watched = max(1, channel.since - int(began[0]))
    larger = bool(evidence.bytes[fresh.row].max() >= TIMES_AS_MANY * evidence.bytes[channel.before.row].max())
    if len(began) < 2 or channel.watched <= 0:
        return larger
    denser = len(fresh) * watched >= TIMES_AS_MANY * len(began) * channel.watched and len(fresh) > len(began) // 2
    return larger or denser


def _getfile_rows(evidence: Evidence, wait: Wait, clients: Sequence[int] | None) -> Ints:
    """Rows of flows to targets of a getfile, from the mark on."""
    hosts = np.array([value.startswith(GETFILE_TARGETS[0]) for value in evidence.host.values] + [False])
    path = pc.fill_null(one_array(evidence.flows.column("http_path")), "")
    storage = np.asarray(pc.starts_with(path, GETFILE_TARGETS[1]).to_numpy(zero_copy_only=False), dtype=np.bool_)
    found: Ints = np.flatnonzero(
        (hosts[evidence.host.codes] | (storage & evidence.own)) & (evidence.first >= wait.since) & (evidence.first < wait.until)
    )
    return found if clients is None else found[np.isin(evidence.client.codes[found], clients)]


def _timeout_confidence(channel: Channel) -> Confidence:
    """The confidence of a timeout."""
    if channel.watched >= CERTAIN_NS:
        return "certain"
    return "likely" if channel.watched >= LIKELY_NS or len(channel.broken) else "unclear"


def _without_mark(evidence: Evidence, result: LiveResponse, channel: Channel) -> LiveResponse:
    """The result for a test without a mark that a session was started."""
    if len(channel.after):
        how = "no mark says that a session was started: the channel works, no more"
        return _success(evidence, result, channel.after, np.zeros(0, np.int64), "unclear", how)
    if len(channel.broken) or len(channel.past):
        return _timeout(evidence, result, channel, _timeout_confidence(channel), None)
    result["reason"] = "no mark says that a session was started, and no command-and-control request was seen"
    return result


def _empty_result(evidence: Evidence, since: int | None) -> LiveResponse:
    return {
        "outcome": "none",
        "confidence": "certain",
        "since": None if since is None else rfc3339(since),
        "proxy": None,
        "name": None,
        "method": None,
        "reason": "",
        "push": _push_text(evidence),
        "flows": [],
        "outcomes": [],
    }


def _success(evidence: Evidence, result: LiveResponse, working: Uses, files: Ints, sure: Confidence, how: str) -> LiveResponse:
    result["outcome"], result["confidence"] = "success", sure
    result["flows"] = evidence.flow_ids(np.union1d(working.row, files).astype(np.int64))
    if len(working):
        through = working.row[evidence.direct[working.row] < 0]
        proxies = Counter(evidence.proxy.codes[through].tolist())
        if 2 * len(through) >= len(working):
            best = max(proxies, key=lambda code: (proxies[code], -code))
            address = evidence.proxy.values[best]
            result["proxy"], (result["name"], result["method"]) = address, evidence.proxy_names[address]
        ways = [f"through {listed([evidence.proxy_label(code) for code in proxies])}"] if proxies else []
        ways += ["past the proxies"] if len(through) < len(working) else []
        what = counted(len(working), f"command-and-control {'tunnel' if len(through) == len(working) else 'connection'}")
        result["reason"] = f"{what} worked {' and '.join(ways)}: {how}"
    else:
        result["reason"] = how
    return result


def _timeout(evidence: Evidence, result: LiveResponse, channel: Channel, sure: Confidence, text: str | None) -> LiveResponse:
    result["outcome"], result["confidence"] = "timeout", sure
    result["reason"] = text or _timeout_reason(evidence, channel, channel.past)
    rows = np.unique(np.concatenate([evidence.requests.row[channel.broken], channel.after.row, channel.past]))
    result["flows"] = evidence.flow_ids(rows.astype(np.int64))
    return result


def _timeout_reason(evidence: Evidence, channel: Channel, direct: Ints) -> str:
    """The reason of a timeout: "5 tunnels opened through PROX02 and TLS inside broke; 2 direct connections: 2 no-answer"."""
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
    if not channel.watched:
        return "nothing was captured after the session was started, so whether one began isn't known"
    seconds = channel.watched / 1_000_000_000
    span = "that were captured after the session was started" if channel.late else "after the session was started"
    return f"not one command-and-control request was seen in the {seconds:.0f} s {span}, and without it none begins"


def _push_text(evidence: Evidence) -> str | None:
    codes = [code for code, name in enumerate(evidence.service.values) if name == PUSH]
    rows = np.flatnonzero(np.isin(evidence.service.codes, codes))
    if not len(rows):
        return None
    flows = counted(len(rows), "push notification flow")
    return f"{flows} ({state_list(evidence, rows)}): they only speed up a session's start and prove nothing"
