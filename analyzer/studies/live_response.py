"""Whether live response could work: by the command-and-control channel, through a proxy or past them, and by nothing else.

The sensor fetches a session's orders over command and control. Push notifications only make it look sooner: "still get full functionality
of Live Response without this URL" (Microsoft's URL list), and they can't use a proxy at all, so their absence proves nothing.

A check-in proves only that the channel works. A session shows in what goes beyond the pace and size of the check-ins before the mark;
it is certain only by its shape: a long-lived tunnel with traffic both ways from the mark on, or the hosts a getfile goes to.
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
FILES: Final = ("automatedir", "/storage")
"""What a getfile is sent to: AutoIR's hosts, and paths under /storage where a path can be seen."""

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

MOST_NAMED: Final = 3
"""Sources whose reasons are spelled out where none of several had a session."""


@dataclass(frozen=True)
class Uses:
    """Ways to command and control that were used: requests to a proxy, and connections past them that were answered.

    row     int64[n]  their flows
    begun   int64[n]  ns since 1970
    """

    row: Ints
    begun: Ints

    def __len__(self) -> int:
        return len(self.row)

    def where(self, chosen: Bools) -> Uses:
        """Those of them."""
        return Uses(self.row[chosen], self.begun[chosen])


@dataclass(frozen=True)
class Channel:
    """The uses of command and control by some sources.

    before after   that worked before the mark; that began after it and worked, or whose connection was used after it
    broken         positions of requests after the mark that broke or failed
    past           rows of connections past the proxies after the mark that came to nothing
    since until    the mark, and the next one, ns since 1970
    watched        how long the sources are heard from the mark on, as far as it was captured, ns
    late           the capture begins after the mark
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
    """The outcome, how sure it is, and the flows that decide it.

    Where several machines speak to command and control each is judged by itself: a session is one machine's. A mark that names some is
    about these alone. Where several sessions were started, each has its own answer in the reason, and the whole is the last one's.
    """
    waits = waits_of(evidence, test, window[0])
    if not waits:
        return _without_mark(
            evidence, _blank(evidence, None), _channel(evidence, Wait(window[0], END, None, window[0]), _using(evidence) or None)
        )
    results: list[tuple[int, LiveResponse]] = []
    sessions = np.zeros(0, np.int64)
    for wait in waits:
        result = _of_mark(evidence, wait, sessions)
        results.append((wait.since, result))
        if result["outcome"] == "success" and result["confidence"] != "unclear":
            found = pc.is_in(one_array(evidence.flows.column("id")), value_set=pa.array(result["flows"], pa.string()))
            sessions = np.union1d(sessions, np.flatnonzero(found.to_numpy(zero_copy_only=False)))
    return result if len(results) == 1 else _of_marks(results)


def _of_mark(evidence: Evidence, wait: Wait, sessions: Ints) -> LiveResponse:
    """The result of one mark."""
    using = [client for client in _using(evidence) if wait.named is None or client in wait.named]
    if len(using) < 2:
        return _judged(evidence, wait, using or (None if wait.named is None else sorted(wait.named)), sessions)
    return _of_several(evidence, [(evidence.client_label(client), _judged(evidence, wait, [client], sessions)) for client in using])


SAID: Final = {"success": "worked", "timeout": "timed out", "none": "wasn't wanted"}


def _of_marks(results: Sequence[tuple[int, LiveResponse]]) -> LiveResponse:
    """The last one's result, with what became of each."""
    each = [
        f"at {clock(since)} it {'perhaps ' if result['confidence'] == 'unclear' else ''}{SAID[result['outcome']]}: {result['reason']}"
        for since, result in results
    ]
    flows = list(dict.fromkeys(flow for _, result in results for flow in result["flows"]))
    outcomes: list[str] = [result["outcome"] for _, result in results]
    return {**results[-1][1], "reason": f"started {len(results)} times: {'; '.join(each)}", "flows": flows, "outcomes": outcomes}


def _using(evidence: Evidence) -> list[int]:
    """The sources that asked for command and control, through proxies or past them."""
    rows = np.concatenate([evidence.requests.row[_asking(evidence)], np.flatnonzero(_past(evidence))])
    return occurring(evidence.client.codes[rows])


def _asking(evidence: Evidence) -> Bools:
    """Per request: whether it is one for command and control, to a proxy, at a known time."""
    codes = [code for code, name in enumerate(evidence.request_service.values) if name == CHANNEL]
    result: Bools = evidence.asks_proxy & np.isin(evidence.request_service.codes, codes) & (evidence.begun != NO_TIME)
    return result


def _past(evidence: Evidence) -> Bools:
    """Per flow: whether it went to command and control past the proxies, at a known time."""
    codes = [code for code, name in enumerate(evidence.service.values) if name == CHANNEL]
    result: Bools = (evidence.direct >= 0) & np.isin(evidence.service.codes, codes) & (evidence.first != NO_TIME)
    return result


def _of_several(evidence: Evidence, results: Sequence[tuple[str, LiveResponse]]) -> LiveResponse:
    """What the results of several sources come to: the surest session; else whose channel works; else that all of them timed out."""
    order = [("success", "certain"), ("success", "likely"), ("success", "unclear")]
    best = min(results, key=lambda one: _place(order, (one[1]["outcome"], one[1]["confidence"])))
    if best[1]["outcome"] == "success":
        return {**best[1], "reason": f"{printable(best[0])}: {best[1]['reason']}"}
    least = min((one["confidence"] for _, one in results), key=("unclear", "likely", "certain").index)
    reasons = [f"{printable(label)}: {one['reason']}" for label, one in results[:MOST_NAMED]]
    more = [f"{counted(len(results) - MOST_NAMED, 'more source')} without a session"] if len(results) > MOST_NAMED else []
    flows = list(dict.fromkeys(flow for _, one in results for flow in one["flows"]))
    return {**results[0][1], "confidence": least, "reason": "; ".join([*reasons, *more]), "flows": flows}


def _place(order: Sequence[tuple[str, str]], one: tuple[str, str]) -> int:
    return order.index(one) if one in order else len(order)


def _judged(evidence: Evidence, wait: Wait, clients: Sequence[int] | None, sessions: Ints) -> LiveResponse:
    """The result of these sources together; None: of all. sessions: rows of those that began with earlier marks."""
    channel = _channel(evidence, wait, clients, sessions)
    result = _blank(evidence, wait.since)
    use = _use(evidence, channel)
    is_session = _session_shape(evidence, channel, use)
    files = _files(evidence, wait, clients)
    if is_session.any() or len(files):
        how = "a long-lived tunnel with traffic both ways from the mark on" if is_session.any() else "a file was fetched from the device"
        return _success(evidence, result, channel.after.where(is_session) if is_session.any() else channel.after, files, "certain", how)
    fresh = channel.after.where(channel.after.begun >= wait.since)
    if len(fresh) and _is_more(evidence, channel, fresh):
        return _success(evidence, result, fresh, files, "likely", "more than the check-ins before the mark, in number or size")
    if len(fresh) >= ENOUGH_CHECK_INS and len(channel.before):
        text = f"{counted(len(fresh), 'check-in')} at the pace and size of those before the mark, and nothing of a session's shape"
        return _timeout(evidence, result, channel, "likely", text)
    used = channel.after.where(use.out & use.back)
    if len(used):
        return _success(evidence, result, used, files, "unclear", "at the pace and size of check-ins: the channel works")
    return _timeout(evidence, result, channel, _patience(channel), None)


def _channel(evidence: Evidence, wait: Wait, clients: Sequence[int] | None, sessions: Ints | None = None) -> Channel:
    row, since, until = evidence.requests.row, wait.since, wait.until
    own = np.ones(len(evidence.first), np.bool_) if clients is None else np.isin(evidence.client.codes, clients)
    wanted, past = _asking(evidence) & own[row], _past(evidence) & own
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
    """Per use of Channel.after: of its connection from the mark on, whether payload went out and back, and much of both; for how long."""

    out: Bools
    back: Bools
    much: Bools
    length: Ints


def _use(evidence: Evidence, channel: Channel) -> Use:
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
    # What began after the mark counts as a whole, whether or not its stretches are known.
    whole = evidence.first >= channel.since
    out = np.where(whole, integers(flows.column("bytes_out"), 0), out)[row]
    back = np.where(whole, integers(flows.column("bytes_in"), 0), back)[row]
    length = np.where(whole, evidence.last - evidence.first, last - np.minimum(first, last))[row]
    return Use(out > 0, back > 0, (out >= BOTH_WAYS) & (back >= BOTH_WAYS), length)


def _session_shape(evidence: Evidence, channel: Channel, use: Use) -> Bools:
    """Per use of channel.after: whether its connection is used for long from the mark on, with much payload both ways."""
    ended = np.minimum(evidence.last[channel.before.row], channel.since)
    longest = int((ended - channel.before.begun).max()) if len(ended) else 0
    result: Bools = use.much & (use.length >= max(LONG_NS, LONGER * longest))
    return result


def _is_more(evidence: Evidence, channel: Channel, fresh: Uses) -> bool:
    """Whether what came after the mark is more than check-ins are, by what came before it: denser, or larger."""
    if not len(channel.before):
        return False
    began = np.sort(channel.before.begun)
    watched = max(1, channel.since - int(began[0]))
    larger = bool(evidence.bytes[fresh.row].max() >= MORE * evidence.bytes[channel.before.row].max())
    if len(began) < 2 or channel.watched <= 0:
        return larger
    denser = len(fresh) * watched >= MORE * len(began) * channel.watched and len(fresh) > len(began) // 2
    return larger or denser


def _files(evidence: Evidence, wait: Wait, clients: Sequence[int] | None) -> Ints:
    """Rows of flows to where a getfile goes, from the mark on."""
    hosts = np.array([value.startswith(FILES[0]) for value in evidence.host.values] + [False])
    path = pc.fill_null(one_array(evidence.flows.column("http_path")), "")
    storage = np.asarray(pc.starts_with(path, FILES[1]).to_numpy(zero_copy_only=False), dtype=np.bool_)
    found: Ints = np.flatnonzero(
        (hosts[evidence.host.codes] | (storage & evidence.own)) & (evidence.first >= wait.since) & (evidence.first < wait.until)
    )
    return found if clients is None else found[np.isin(evidence.client.codes[found], clients)]


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
    if len(channel.broken) or len(channel.past):
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
    result["reason"] = text or _why_not(evidence, channel, channel.past)
    rows = np.unique(np.concatenate([evidence.requests.row[channel.broken], channel.after.row, channel.past]))
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
    if not channel.watched:
        return "nothing was captured after the session was started, so whether one began isn't known"
    seconds = channel.watched / 1_000_000_000
    span = "that were captured after the session was started" if channel.late else "after the session was started"
    return f"not one command-and-control request was seen in the {seconds:.0f} s {span}, and without it none begins"


def _push(evidence: Evidence) -> str | None:
    codes = [code for code, name in enumerate(evidence.service.values) if name == PUSH]
    rows = np.flatnonzero(np.isin(evidence.service.codes, codes))
    if not len(rows):
        return None
    flows = counted(len(rows), "push notification flow")
    return f"{flows} ({state_list(evidence, rows)}): they only speed up a session's start and prove nothing"
