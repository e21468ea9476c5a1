"""Whether the capture agrees with one line of the Client Analyzer, disagrees, or can't tell, and why.

What the lines test (inferred from the library that the program is built on): 1 and 2 both use WinHTTP's automatic proxy, which is netsh's
WinHTTP proxy first and Internet Explorer's settings after it; 3 connects without a proxy; 4 uses TelemetryProxyServer alone; 5 uses the
proxy given with `-p`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analyzer.client_analyzer.connectivity import Tried
from analyzer.client_analyzer.document import Agreement
from analyzer.client_analyzer.groups import DEFAULT, DIRECT, DISCOVERY, NAMED, meaning_of
from analyzer.routes.requests import Bools, Ints
from analyzer.routes.route import DIRECT as WENT_DIRECT
from analyzer.text.labels import all_of, method_name
from analyzer.text.words import counted
from analyzer.verdict.columns import state_list
from analyzer.verdict.evidence import Evidence

Judgement = tuple[Agreement, str, Ints]
"""agreement, reason, and the rows that show it"""

NOTHING: Final = np.zeros(0, np.int64)

TIMED_OUT, NOT_RESOLVED, NOT_CONNECTED = 12002, 12007, 12029


@dataclass(frozen=True)
class SeenHosts:
    """The capture's facts about the tested hosts while the analyzer ran.

    evidence   all flows, the analyzer's own included
    inside     rows that began in that time
    covered    whether a tested host was requested in that time; if not, the analyzer ran at another time or elsewhere
    configured methods of the test; empty: unknown
    wpad       whether the capture holds a WPAD lookup
    """

    evidence: Evidence
    inside: Bools
    covered: bool
    configured: Sequence[str]
    wpad: bool

    def asked(self, host: str | None) -> tuple[Ints, Ints]:
        """(requests for the host in this time that were carried, those that failed)."""
        evidence = self.evidence
        if host is None or host not in evidence.request_host.values:
            return NOTHING, NOTHING
        code = evidence.request_host.values.index(host)
        chosen = evidence.asks_proxy & (evidence.request_host.codes == code) & self.inside[evidence.requests.row]
        return np.flatnonzero(chosen & evidence.outcome.carried), np.flatnonzero(chosen & evidence.outcome.failed)

    def direct(self, host: str | None, *, blocked: bool) -> Ints:
        """Direct connections in this time: to the host, or of unknown host where blocked (a dropped attempt shows no name)."""
        evidence = self.evidence
        chosen = (evidence.route == WENT_DIRECT) & self.inside & (evidence.blocked == blocked)
        named = evidence.host.values.index(host) if host in evidence.host.values else -2
        return np.flatnonzero(chosen & ((evidence.host.codes == named) | (evidence.host.codes < 0 if blocked else False)))


def judged(seen: SeenHosts, host: str | None, line: Tried) -> Judgement:
    """Whether the capture agrees with a line about this host."""
    if line.result == "unknown":
        return "can't tell", "what this line says isn't known", NOTHING
    if line.result == "absent":
        return _absent(seen, line)
    if not seen.covered:
        return "can't tell", "none of the URLs it tested was asked for in this time: it ran at another one, or isn't captured here", NOTHING
    if line.number == DIRECT:
        return _without_proxy(seen, host, line)
    if line.number.partition(".")[0] == NAMED or line.proxy:
        return _through(seen, host, line)
    if line.number in (DEFAULT, DISCOVERY, ""):
        return _automatic(seen, host, line)
    return "can't tell", "no method of this number is known", NOTHING


def _automatic(seen: SeenHosts, host: str | None, line: Tried) -> Judgement:
    """Lines 1 and 2: the proxy that WinHTTP finds by itself, or none."""
    evidence = seen.evidence
    carried, failed = seen.asked(host)
    direct = seen.direct(host, blocked=False)
    rows = evidence.requests.row
    if line.result == "succeeded":
        if not len(carried) and not len(direct):
            return "disagrees", f"nothing carried a request for {host} in this time", rows[failed]
        through = _proxies(evidence, carried) if len(carried) else "no proxy: it went direct"
        shown = np.concatenate([rows[carried], direct])
        if line.number == DISCOVERY:
            lookup = "a client did look for one, see pac-discovery" if seen.wpad else "no WPAD lookup was captured"
            return (
                "can't tell",
                f"{through} carried it, but line 2 is not proof of WPAD: it goes by the WinHTTP proxy too, and {lookup}",
                shown,
            )
        return "agrees", f"{counted(len(carried) or len(direct), 'request')} for {host} went through {through}", shown
    if len(carried):
        return (
            "can't tell",
            f"{_proxies(evidence, carried)} carried requests for {host}, and packets don't show which line one is of",
            rows[carried],
        )
    if len(failed):
        return "agrees", f"{counted(len(failed), 'request')} for {host} failed at {_proxies(evidence, failed)}", rows[failed]
    return "agrees", f"nothing carried a request for {host} in this time", NOTHING


def _without_proxy(seen: SeenHosts, host: str | None, line: Tried) -> Judgement:
    """Line 3: a direct connection."""
    allowed, blocked = seen.direct(host, blocked=False), seen.direct(host, blocked=True)
    if line.result == "succeeded":
        if len(allowed):
            return "agrees", f"{counted(len(allowed), 'direct connection')} to {host} got through", allowed
        if len(blocked):
            return "disagrees", f"no direct connection to {host} got through: {state_list(seen.evidence, blocked)}", blocked
        return "can't tell", f"no direct connection to {host} was captured", NOTHING
    if len(allowed):
        return "disagrees", f"{counted(len(allowed), 'direct connection')} to {host} got through", allowed
    if len(blocked):
        return (
            "agrees",
            f"direct attempts came to nothing: {state_list(seen.evidence, blocked)}{_as_the_code_says(seen.evidence, blocked, line.code)}",
            blocked,
        )
    if line.code is not None and meaning_of(line.code) == meaning_of(NOT_RESOLVED):
        return "can't tell", "the name didn't resolve, so no direct attempt could be captured", NOTHING
    return "can't tell", "no direct attempt was captured", NOTHING


def _as_the_code_says(evidence: Evidence, rows: Ints, code: int | None) -> str:
    states = {evidence.state.text(state) for state in evidence.state.codes[rows].tolist()}
    fits = {TIMED_OUT: {"no-answer"}, NOT_CONNECTED: {"refused", "unreachable"}}.get(code or 0)
    if fits is None:
        return ""
    return f", as {code} says" if states & fits else f", though {code} would be {all_of(sorted(fits))}"


def _through(seen: SeenHosts, host: str | None, line: Tried) -> Judgement:
    """Lines 4 and 5: one proxy by name; without a name in the line it is the topology's static proxy."""
    evidence = seen.evidence
    carried, failed = seen.asked(host)
    rows = evidence.requests.row
    at = [code for code, proxy in enumerate(evidence.proxy.values) if _is_it(evidence, proxy, line.proxy)]
    through, refused = (which[np.isin(evidence.proxy.codes[rows[which]], at)] for which in (carried, failed))
    name = line.proxy or "the static proxy"
    if line.result == "succeeded":
        if len(through):
            return "agrees", f"{_proxies(evidence, through)} carried {counted(len(through), 'request')} for {host}", rows[through]
        return "disagrees", f"{name} carried no request for {host} in this time", rows[refused]
    if len(through):
        return "disagrees", f"{_proxies(evidence, through)} carried {counted(len(through), 'request')} for {host}", rows[through]
    return "agrees", f"{name} carried no request for {host} in this time", rows[refused]


def _is_it(evidence: Evidence, proxy: str, named: str | None) -> bool:
    name, method = evidence.proxy_names[proxy]
    if named is None:
        return method == "static"
    return named.lower() in (proxy.lower(), (name or "").lower()) or named.lower().rpartition(":")[0] == (name or "\0").lower()


def _absent(seen: SeenHosts, line: Tried) -> Judgement:
    """ "Doesn't exist": no static proxy is configured, or none was given on the command line."""
    if line.number.partition(".")[0] != NAMED:
        return "can't tell", "a command line proxy is used only while the analyzer runs with it on its command line", NOTHING
    evidence = seen.evidence
    static = [code for code, proxy in enumerate(evidence.proxy.values) if evidence.proxy_names[proxy][1] == "static"]
    used = np.flatnonzero((np.isin(evidence.proxy.codes, static)) & (evidence.service.codes >= 0))
    if len(used):
        return "disagrees", f"{counted(len(used), 'Defender flow')} went through a proxy that the topology calls static", used
    if "static" in seen.configured:
        return "disagrees", "the study says that a static proxy was configured", NOTHING
    return "agrees", "no Defender traffic went through a static proxy", NOTHING


def _proxies(evidence: Evidence, asked: Ints) -> str:
    codes = sorted(set(evidence.proxy.codes[evidence.requests.row[asked]].tolist()))
    return all_of([evidence.proxy_label(code) for code in codes])


def sensor_agreement(word: str, method: str | None, address: str | None, planes: Sequence[dict[str, Any]]) -> tuple[Agreement, str]:
    """Whether the capture agrees with `Proxy config: Method=word, address=address`.

    planes  the verdict's sensor planes that have a winner
    """
    if method is None and word.lower() != "direct":
        return "can't tell", f"{word} is no method that is known" if word else "it names no method"
    if not planes:
        return "can't tell", "no proxy carried the sensor in this test"
    winner = planes[0]
    called = f"{winner['winner_name'] or winner['winner']}" + (f" ({method_name(winner['method'])})" if winner["method"] else "")
    if method is None:
        return "disagrees", f"{called} carried the sensor, and the analyzer found no proxy"
    if address is not None and address.lower() not in (winner["winner"].lower(), (winner["winner_name"] or "").lower()):
        return "disagrees", f"{called} at {winner['winner']} carried the sensor, the analyzer found {address}"
    if winner["method"] is not None and winner["method"] != method:
        return "disagrees", f"{called} carried the sensor, the analyzer found {method_name(method)}"
    return "agrees", f"{called} carried the sensor"
