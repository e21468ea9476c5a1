"""The two legs of one tunnel: client → proxy and proxy → origin, matched by the same ClientHello.

A ClientHello's random is 32 bytes that are new for every connection (RFC 8446 4.1.2). The same hello on a flow to a proxy and on a flow
away from it means that the proxy passed it on unchanged: one tunnel, and TLS was not opened on the way. Devices between the two (NAT on
either side, a parent proxy) don't matter. Hellos that share only the random are no proof: TLS could not have continued after such a change
(RFC 8446 4.4.1), so one of them was made anew. They are no pair.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import array
from analyzer.routes.numbers import codes, mixed, numbered, repeated
from analyzer.routes.proxies import Ends
from analyzer.routes.requests import NO_TIME, Bools, Ints, one_array, times_ns

DIGITS = 64
"""Hexadecimal digits of a ClientHello's random."""


def client_leg_of(flows: pa.Table, ends: Ends, hello: Ints, to_proxy: Bools, beyond: Bools) -> Ints:
    """Per flow, the row of the client leg of the tunnel whose origin leg it is; -1 where it is none.

    hello     int64[n]  from hello_codes
    to_proxy  bool[n]  client legs: flows from a source to a proxy
    beyond    bool[n]  flows that may be origin legs; never a client leg

    Among several client legs with this hello, one to the proxy that opened the origin leg comes first, then the nearest in time, then the
    earlier. A flow of the client itself is never its own tunnel's origin leg.
    """
    result = np.full(flows.num_rows, -1, dtype=np.int64)
    known = (hello >= 0) & ends.tcp
    legs = np.flatnonzero(known & to_proxy)
    origins = np.flatnonzero(known & beyond & np.isin(hello, hello[legs]))
    if not len(origins):
        return result
    times = times_ns(flows.column("first_seen"))
    width = np.int64(len(ends.addresses))
    same_proxy = _nearest(
        hello[legs] * width + ends.server[legs], times[legs], hello[origins] * width + ends.client[origins], times[origins]
    )
    same_random = _nearest(hello[legs], times[legs], hello[origins], times[origins])
    chosen = np.where(same_proxy >= 0, same_proxy, same_random)
    leg = np.where(chosen >= 0, legs[chosen], -1)
    leg[ends.client[leg] == ends.client[origins]] = -1
    result[origins] = leg
    return result


def hello_codes(flows: pa.Table) -> Ints:
    """Per flow a number for its ClientHello, random and digest together; -1 without a complete one."""
    random, digest = one_array(flows.column("client_random")), one_array(flows.column("client_hello_digest"))
    known = random.is_valid().to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(known)
    # Most differ in the first quarter of the random, so that only equal beginnings are compared further.
    alike = array(rows[repeated(_beginnings(random))])
    code = np.where(known, np.arange(len(known)), -1)
    code[alike] = len(code) + numbered(codes(random.take(alike)), codes(digest.take(alike)))
    return code


def _beginnings(randoms: pa.Array) -> npt.NDArray[np.uint64]:
    """For each that isn't null, a number for the first quarter of its digits."""
    n, (_, offsets, digits) = len(randoms) - randoms.null_count, randoms.buffers()
    if not n:
        return np.zeros(0, np.uint64)
    places = np.frombuffer(offsets, np.int32)[randoms.offset : randoms.offset + len(randoms) + 1]
    if np.count_nonzero(np.diff(places) == DIGITS) != n or places[-1] - places[0] != n * DIGITS:  # rows of another program
        return codes(randoms.drop_null()).astype(np.uint64)
    first = np.frombuffer(digits, np.uint8)[places[0] : places[-1]].reshape(n, DIGITS)[:, :16].copy().view(np.uint64)
    return mixed(first[:, 0], first[:, 1])


def _nearest(keys: Ints, times: Ints, wanted: Ints, wanted_times: Ints) -> Ints:
    """For each wanted (key, time) the index of the entry with the same key that is nearest in time, or -1.

    A missing time counts as the largest distance: it is taken only where no other entry has the key.
    """
    order = np.lexsort((times, keys))
    keys, times = keys[order], times[order]
    merged = np.lexsort(
        (np.repeat([0, 1], [len(keys), len(wanted)]), np.concatenate([times, wanted_times]), np.concatenate([keys, wanted]))
    )
    is_entry = merged < len(keys)
    rank = np.cumsum(is_entry)[~is_entry]  # number of entries that sort before each wanted one
    asked = merged[~is_entry] - len(keys)
    best = np.full(len(wanted), -1, dtype=np.int64)
    distance = np.full(len(wanted), np.inf)
    for place in (rank - 1, rank):
        inside = (place >= 0) & (place < len(keys))
        place = np.clip(place, 0, len(keys) - 1)
        fits = inside & (keys[place] == wanted[asked])
        missing = (times[place] == NO_TIME) | (wanted_times[asked] == NO_TIME)
        apart = np.where(
            missing,
            np.finfo(np.float64).max,
            np.abs(times[place] - np.where(missing, times[place], wanted_times[asked])).astype(np.float64),
        )
        better = fits & (apart < distance[asked])
        best[asked[better]] = order[place[better]]
        distance[asked[better]] = apart[better]
    return best
