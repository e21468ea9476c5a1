"""DNS messages → a client's lookups, and the names of flows that nothing else names.

A question and its answer are one lookup: the same flow, message id, name and type. A question that is repeated before its answer
belongs to the same lookup.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import array
from analyzer.compiled import kernel
from analyzer.facts import columns
from analyzer.facts.addresses import address_texts
from analyzer.facts.picked import Columns, kinds_of
from analyzer.facts.strings import AS_IS, LOWER, byte_array, text_array, words
from analyzer.flows.gather import gathered, starts_of
from analyzer.flows.layout import DNS_ADDRESS, DNS_ANSWER, DNS_QUESTION, N_MESSAGES, Tables
from analyzer.flows.messages import DNS_ROW
from analyzer.packets.layout import NO_TIME, TCP
from analyzer.tables import LOOKUP_SCHEMA

Rows = npt.NDArray[np.int64]

# An answer with a TTL of 0 is valid for the connection it was requested for, which follows at once.
LEAST_TTL_S: Final = 1
NS: Final = 1_000_000_000

# Types by number (RFC 1035 3.2.2, 3596, 2782, 9460); others are TYPE and the number (RFC 3597 5).
TYPES: Final = {
    1: "A",
    2: "NS",
    5: "CNAME",
    6: "SOA",
    12: "PTR",
    15: "MX",
    16: "TXT",
    28: "AAAA",
    33: "SRV",
    64: "SVCB",
    65: "HTTPS",
    255: "ANY",
}


def lookup_table(tables: Tables, kinds: npt.NDArray[np.uint8], row_of: npt.NDArray[np.int32], ids: pa.Array) -> tuple[pa.Table, Rows]:
    """(LOOKUP_SCHEMA: one row per lookup, by time, then flow, side, id, type and name; the flow table's row of each).

    kinds   of each message;  row_of   the flow table's row of each record;  ids   its column
    """
    messages = tables.messages[: int(tables.counts[N_MESSAGES])].view(DNS_ROW)
    found = np.flatnonzero((kinds == DNS_QUESTION) | (kinds == DNS_ANSWER))
    if not len(found):
        return LOOKUP_SCHEMA.empty_table(), np.zeros(0, np.int64)
    rows, starts = by_lookup(tables, found, row_of)
    answered = messages["kind"][rows] == DNS_ANSWER
    first = rows[starts]
    last_of = np.append(starts[1:], len(rows))
    answer_at = np.minimum.reduceat(np.where(answered, np.arange(len(rows)), len(rows)), starts)
    has_answer = answer_at < last_of
    answer = np.where(has_answer, rows[np.minimum(answer_at, len(rows) - 1)], -1)
    asked = np.add.reduceat((~answered).astype(np.int32), starts)
    record, side = tables.records[messages["record"][first]], asking_side(messages, first)
    client, server = ends_of(record, side), ends_of(record, 1 - side)
    types, which = np.unique(messages["query_type"][first], return_inverse=True)
    table = pa.table(
        [
            ids.take(array(row_of[messages["record"][first]].astype(np.int64))),
            address_texts(*client[:2], record["version"]),
            address_texts(*server[:2], record["version"]),
            array(server[2].astype(np.int32)),
            words((record["protocol"] != TCP).astype(np.int32), columns.PROTOCOLS),
            columns.times(np.where(answered[starts], NO_TIME, messages["ts_ns"][first])),
            columns.times(np.where(has_answer, messages["ts_ns"][answer], NO_TIME)),
            array(asked),
            text_array(tables.pool, messages["name_at"][first], messages["name_size"][first], AS_IS),
            words(which.ravel(), [TYPES.get(code, f"TYPE{code}") for code in types.tolist()]),
            array(messages["code"][answer], ~has_answer),
            address_lists(tables, answer),
            ttls(tables, answer),
        ],
        schema=LOOKUP_SCHEMA,
    )
    seen = np.where(asked > 0, messages["ts_ns"][first], messages["ts_ns"][answer])
    of = row_of[messages["record"][first]].astype(np.int64)
    order = np.lexsort((np.arange(len(first)), of, seen))
    return table.take(array(order)), of[order]


def by_lookup(tables: Tables, found: Rows, row_of: npt.NDArray[np.int32]) -> tuple[Rows, Rows]:
    """(the messages' rows, grouped by lookup and in time order; the index where each lookup begins)."""
    messages = tables.messages.view(DNS_ROW)
    answered = messages["kind"][found] == DNS_ANSWER
    keys = (
        ranks(tables.pool, messages["name_at"][found], messages["name_size"][found]),
        messages["query_type"][found],
        messages["message_id"][found],
        asking_side(messages, found),
        row_of[messages["record"][found]],
    )
    order = np.lexsort((np.arange(len(found)), answered, messages["ts_ns"][found], *keys))
    answered = answered[order]
    begins = np.ones(len(found), np.bool_)
    begins[1:] = ~answered[1:] & answered[:-1]
    for key in keys:
        sorted_key = key[order]
        begins[1:] |= sorted_key[1:] != sorted_key[:-1]
    return found[order], np.flatnonzero(begins)


def asking_side(messages: npt.NDArray[Any], rows: Rows) -> Rows:
    """The asking side: a question's own, an answer's other."""
    result: Rows = np.where(messages["kind"][rows] == DNS_ANSWER, 1 - messages["side"][rows], messages["side"][rows]).astype(np.int64)
    return result


def ends_of(records: Columns, side: Rows) -> tuple[Any, Any, Any]:
    """(high half of the address, low half, port) of one side of each record."""
    high, low, port = (np.where(side == 0, records[f"a_{part}"], records[f"b_{part}"]) for part in ("hi", "lo", "port"))
    return high, low, port


def addresses_of(tables: Tables, answers: Rows) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """(uint8[n, DNS_ADDRESS], the number of each answer's addresses); -1 has none."""
    messages = tables.messages.view(DNS_ROW)
    sizes = np.where(answers >= 0, np.maximum(messages["addresses_size"][answers], 0), 0)
    raw = byte_array(tables.pool, messages["addresses_at"][answers], sizes)
    return np.frombuffer(raw.buffers()[2], np.uint8).reshape(-1, DNS_ADDRESS), sizes // DNS_ADDRESS


def halves(addresses: npt.NDArray[Any]) -> tuple[Any, Any, Any]:
    """(high half, low half, version) of addresses in the form of DNS_ADDRESS."""
    numbers = np.ascontiguousarray(addresses[:, 1:]).view(">u8").astype(np.uint64)
    return numbers[:, 0], numbers[:, 1], addresses[:, 0]


def address_lists(tables: Tables, answers: Rows) -> pa.Array:
    """A list array: the addresses of each answer, in its order; null where its end wasn't captured, or the resolver left it out."""
    addresses, sizes = addresses_of(tables, answers)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    unknown = np.append((answers >= 0) & (tables.messages.view(DNS_ROW)["addresses_size"][answers] < 0), False)
    return pa.ListArray.from_arrays(array(offsets, unknown), address_texts(*halves(addresses)))


def ttls(tables: Tables, answers: Rows) -> pa.Array:
    """The TTL of each answer in seconds; null without an answer, or without addresses."""
    messages = tables.messages.view(DNS_ROW)
    return array(messages["ttl_s"][answers].astype(np.int64), (answers < 0) | (messages["addresses_size"][answers] <= 0))


ADDRESS = np.dtype([("hi", "u8"), ("lo", "u8"), ("version", "u1")])


class Answers(NamedTuple):
    """The resolvers' answers, an entry for each address; sorted by client and address, then time, then name.

    clients, given   ADDRESS[n]: the client, the answered address;  times, until   int64[n]: when it is valid
    at, size         int64[n]: the name's place in `pool`
    """

    clients: npt.NDArray[Any]
    given: npt.NDArray[Any]
    times: Rows
    until: Rows
    at: Rows
    size: Rows
    pool: npt.NDArray[np.uint8]


NO_ANSWERS: Final = Answers(*(np.zeros(0, kind) for kind in (ADDRESS, ADDRESS, "i8", "i8", "i8", "i8", "u1")))


def answers_of(tables: Tables, kinds: npt.NDArray[np.uint8] | None = None) -> Answers:
    """The answers in these tables; their pool is the tables'. kinds: of each message, where known."""
    messages = tables.messages[: int(tables.counts[N_MESSAGES])].view(DNS_ROW)
    rows = np.flatnonzero((kinds_of(tables) if kinds is None else kinds) == DNS_ANSWER)
    rows = rows[(messages["addresses_size"][rows] > 0) & (messages["ts_ns"][rows] != NO_TIME)]
    if not len(rows):
        return NO_ANSWERS
    addresses, sizes = addresses_of(tables, rows)
    of = np.repeat(rows, sizes)
    record = tables.records[messages["record"][of]]
    asker = ends_of(record, asking_side(messages, of))
    times = messages["ts_ns"][of]
    until = times + np.maximum(messages["ttl_s"][of].astype(np.int64), LEAST_TTL_S) * NS
    clients, given = as_addresses(asker[0], asker[1], record["version"]), as_addresses(*halves(addresses))
    return in_order(Answers(clients, given, times, until, messages["name_at"][of], messages["name_size"][of].astype(np.int64), tables.pool))


def joined_answers(pieces: Iterable[Answers]) -> Answers:
    """The answers of all pieces."""
    found, used = [NO_ANSWERS], 0
    for piece in pieces:
        pool = gathered(piece.pool, piece.at, np.maximum(piece.size, 0))
        found.append(piece._replace(at=used + starts_of(np.maximum(piece.size, 0)), pool=pool))
        used += len(pool)
    return in_order(Answers(*(np.concatenate(column) for column in zip(*found, strict=True))))


def in_order(answers: Answers) -> Answers:
    """The same answers, sorted."""
    # Of two answers at the same time the later name counts.
    by_name = ranks(answers.pool, answers.at, answers.size)
    order = np.lexsort((by_name, answers.times, pair_keys(answers.clients, answers.given)))
    clients, given, times, until, at, size = (column[order] for column in answers[:-1])
    return Answers(clients, given, times, until, at, size, answers.pool)


def name_by_answers(answers: Answers, clients: npt.NDArray[Any], targets: npt.NDArray[Any], first_ns: Rows) -> Rows:
    """For each flow the latest answer that gave its client this address and is still valid when the flow begins; -1: none.

    clients, targets   ADDRESS[n_flows]; a target of version 0 is none
    """
    place = np.full(len(clients), -1, np.int64)
    n = len(answers.times)
    if not n or not len(clients):
        return place
    keys = pair_keys(answers.clients, answers.given)
    longer, first_ns = np.full(n, -1, np.int64), np.ascontiguousarray(first_ns)
    latest_answers(keys, answers.times, answers.until, longer, n, pair_keys(clients, targets), first_ns, len(clients), place)
    place[targets["version"] == 0] = -1
    hit = place >= 0
    hit[hit] = answers.given[place[hit]] == targets[hit]
    return np.where(hit, place, -1)


def as_addresses(high: npt.NDArray[Any], low: npt.NDArray[Any], version: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """ADDRESS[n] from its parts."""
    result = np.zeros(len(low), ADDRESS)
    result["hi"], result["lo"], result["version"] = high, low, version
    return result


def address_of(text: str | None) -> tuple[int, int, int]:
    """(high half, low half, version) of an address as text; zeros for anything else."""
    try:
        address = ip_address(text or "")
    except ValueError:
        return 0, 0, 0
    return int(address) >> 64, int(address) & 0xFFFFFFFFFFFFFFFF, address.version


def pair_keys(clients: npt.NDArray[Any], targets: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """A hash for each pair of addresses; users of it must compare the addresses."""
    key = np.zeros(len(clients), np.uint64)
    for part in (clients["hi"], clients["lo"], targets["hi"], targets["lo"]):
        key = (key ^ part) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    return key


def ranks(pool: npt.NDArray[np.uint8], at: npt.NDArray[Any], size: npt.NDArray[Any]) -> Rows:
    """int64[n]: the alphabetical ranks of the names, equal for equal names; -1 for missing ones."""
    names = text_array(pool, at, size, LOWER).dictionary_encode()
    known = [name or "" for name in names.dictionary.to_pylist()]
    rank = np.full(len(known) + 1, -1, np.int64)
    rank[sorted(range(len(known)), key=known.__getitem__)] = np.arange(len(known))
    result: Rows = rank[np.asarray(names.indices.fill_null(len(known)))]
    return result


@kernel
def latest_answers(keys, times, until, longer, n_keys, wanted, first_ns, n_wanted, place):
    """Fill place[i] with the last row of `keys` that equals wanted[i], isn't later than first_ns[i] and is still valid then.

    keys, times   sorted by key, then time
    longer        int64[n], all -1: filled with the row before, of the same key, that is valid longer: the only candidate after this one
    """
    for i in range(1, n_keys):
        k = i - 1
        while k >= 0 and keys[k] == keys[i] and until[k] <= until[i]:
            k = longer[k]
        longer[i] = k if k >= 0 and keys[k] == keys[i] else -1
    for i in range(n_wanted):
        if first_ns[i] == NO_TIME:
            continue
        low, high = 0, n_keys
        while low < high:
            middle = (low + high) // 2
            if keys[middle] < wanted[i] or (keys[middle] == wanted[i] and times[middle] <= first_ns[i]):
                low = middle + 1
            else:
                high = middle
        k = low - 1
        while k >= 0 and keys[k] == wanted[i] and until[k] < first_ns[i]:
            k = longer[k]
        if k >= 0 and keys[k] == wanted[i]:
            place[i] = k
