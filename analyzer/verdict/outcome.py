"""The outcome of each request, as masks: the routes stage decides it (routes/outcomes.py), the verdict counts it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.routes.captured import is_known, is_text
from analyzer.routes.requests import NO_STATUS, NO_TIME, Bools, Ints, Requests, integers, one_array, times_ns
from analyzer.routes.tunnels import A_FIN
from analyzer.tables import OUTCOMES
from analyzer.text.words import OTHER_PROTOCOL

WORKED, BROKEN, CHALLENGED, AUTHENTICATION, DENIED, FAILED, UNANSWERED, HIDDEN, UNSEEN = range(len(OUTCOMES))

_TELL = ("server_hello_at", "tls_version", "tls_alert")

AT_ONCE_NS = 10**9
"""A tunnel that the proxy's side ends so soon after it was let through was cut: no server gives a client less time for its first bytes."""

AUTH_REQUIRED = 407
DENIED_STATUS = 403


@dataclass(frozen=True)
class Outcome:
    """Per request.

    code     int64[n]  index into OUTCOMES
    through  bool[n]   let through, as its answer or the bytes after it show
    mute     bool[n]   broken, and no byte came back in its tunnel: TLS didn't fail there: the server didn't answer, or the proxy's side
                       ended the tunnel before the client could send
    unused   bool[n]   broken, and no byte was sent in its tunnel by either side: opened beforehand, and not needed
    """

    code: Ints
    through: Bools
    mute: Bools
    unused: Bools

    @cached_property
    def worked(self) -> Bools:
        result: Bools = self.code == WORKED
        return result

    @cached_property
    def broken(self) -> Bools:
        result: Bools = self.code == BROKEN
        return result

    @cached_property
    def challenged(self) -> Bools:
        """A 407 that is a step of the authentication: no failure, and nothing carried."""
        result: Bools = self.code == CHALLENGED
        return result

    @cached_property
    def unseen(self) -> Bools:
        """The capture doesn't show the result."""
        result: Bools = self.code == UNSEEN
        return result

    @cached_property
    def carried(self) -> Bools:
        """Worked, broken inside, or unseen and let through."""
        result: Bools = self.worked | self.broken | (self.unseen & self.through)
        return result

    @cached_property
    def failed(self) -> Bools:
        """Asked for authentication, denied, failed or not answered."""
        result: Bools = (self.code >= AUTHENTICATION) & (self.code <= UNANSWERED)
        return result


def outcome_of(flows: pa.Table, requests: Requests) -> Outcome:
    """The outcomes of all requests of these flows."""
    entries = pc.list_flatten(one_array(flows.column("requests")))
    code = integers(pc.index_in(entries.field("outcome"), value_set=pa.array(OUTCOMES)), UNSEEN)
    through = pc.fill_null(entries.field("let_through"), False).to_numpy(zero_copy_only=False)
    return Outcome(code, np.asarray(through, dtype=np.bool_), *_mute_and_unused(flows, requests, code))


def answer_status(requests: Requests, code: Ints) -> Ints:
    """Per request: the status of its answer; UNANSWERED without one, OTHER_PROTOCOL where what came back has no status."""
    result: Ints = np.where((code == FAILED) & (requests.status == NO_STATUS), OTHER_PROTOCOL, requests.status)
    return result


def _mute_and_unused(flows: pa.Table, requests: Requests, code: Ints) -> tuple[Bools, Bools]:
    """Masks of requests that are broken without a byte of the server in their tunnel: those with bytes of the client, those without.

    All False where the needed columns are missing: a fleet's days don't keep them, and don't count these.
    """
    none = np.zeros(len(code), dtype=np.bool_)
    if not {*_TELL, "tunnel_in", "tunnel_out", "ended_by", "ended_at"} <= set(flows.column_names):
        return none, none
    said, came = (integers(flows.column(name), -1)[requests.row] for name in ("tunnel_out", "tunnel_in"))
    silent = (code == BROKEN) & requests.last & (came >= 0) & (came <= A_FIN) & ~is_known(flows, *_TELL)[requests.row]
    unused = silent & (said >= 0) & (said <= A_FIN) & ~_cut_short(flows, requests)
    return silent & ~unused, unused


def _cut_short(flows: pa.Table, requests: Requests) -> Bools:
    """Per request: whether the proxy's side ended the connection right after the answer that let the request through."""
    ended = times_ns(flows.column("ended_at"))[requests.row]
    known = is_text(flows, "ended_by", "server")[requests.row] & (ended != NO_TIME) & (requests.answered != NO_TIME)
    result: Bools = known & (ended - np.where(known, requests.answered, 0) < AT_ONCE_NS)
    return result
