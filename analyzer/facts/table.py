"""flows and messages → the flow table: every column of the stages flows and facts (tables.py)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import array, nothing, zeros
from analyzer.facts import columns
from analyzer.facts.active import active_lists
from analyzer.facts.amounts import N_AMOUNTS, amount_columns, cut_off
from analyzer.facts.answers import answers_to, are_cut, are_html, challenges, http_answers, statuses_of
from analyzer.facts.chosen import AGENT, CERTIFICATE_ISSUER, CONNECT_FIELD, FETCH, FIELD, HELLO, N_CHOSEN, STYLE, TUNNEL, VERSION
from analyzer.facts.community import community_ids
from analyzer.facts.discoveries import discovery_table
from analyzer.facts.family import SCHANNEL_CIPHERS, family
from analyzer.facts.handshakes import TLS_VERSIONS, alpn_lists, issuers, shaken, version_codes
from analyzer.facts.host import BY_DNS, SOURCES, choose_hosts
from analyzer.facts.lookups import Answers, address_of, answers_of, as_addresses, ends_of, lookup_table, name_by_answers
from analyzer.facts.settle import settle
from analyzer.facts.strings import HEX, LOWER, byte_array, text_array, texts_of_one_size, words
from analyzer.flows.fold import fold_records
from analyzer.flows.grow import with_room_to_fold
from analyzer.flows.layout import (
    ABSOLUTE,
    N_LABELS,
    N_MESSAGES,
    N_RECORDS,
    N_SIGHTINGS,
    POOL_USED,
    SHAPE_ADDRESS,
    SHAPE_FORWARDED,
    SOCKS4,
    SOCKS5,
    TRAIT_CUT,
    TRAIT_ECH,
    TRAIT_ENCRYPT_THEN_MAC,
    TRAIT_GREASE,
    TRAIT_SCHANNEL,
    Tables,
)
from analyzer.flows.loss import missing_bytes
from analyzer.flows.messages import ANSWER_ROW, CERTIFICATE_ROW, CLIENT_HELLO_ROW
from analyzer.packets.layout import NO_TIME, TCP
from analyzer.readers.tls import RANDOM_SIZE
from analyzer.streams.initials import read_initials
from analyzer.tables import FLOW_SCHEMA, REQUEST
from analyzer.text.files import as_utf8
from analyzer.text.times import values

KINDS: Final[list[str | None]] = [None, "connect", "absolute", None, "socks4", "socks5"]


class Named(NamedTuple):
    """What was read, as tables: FLOW_SCHEMA, LOOKUP_SCHEMA and DISCOVERY_SCHEMA; and what wasn't captured (flows.loss).

    row_of   int32[n_records]: each record's row of `flows`, -1: none;  lookup_of, discovery_of   int64[n]: each row's row of `flows`
    """

    flows: pa.Table
    lookups: pa.Table
    discoveries: pa.Table
    missing: dict[int, tuple[int, int]]
    row_of: npt.NDArray[np.int32]
    lookup_of: npt.NDArray[np.int64]
    discovery_of: npt.NDArray[np.int64]


def flow_table(tables: Tables, names: list[str], order_of_sources: list[int]) -> pa.Table:
    """As named_tables, of the flows alone."""
    return named_tables(tables, names, order_of_sources).flows


def named_tables(tables: Tables, names: list[str], order_of_sources: list[int], answers: Answers | None = None) -> Named:
    """The flow table of everything that was read, and the lookups; `tables` is used up.

    names              of the inputs, by number
    order_of_sources   the inputs' numbers, by time
    answers            of all resolvers, where these tables don't hold all of them
    """
    names = [as_utf8(name) for name in names]
    tables = with_room_to_fold(spell_addresses(read_initials(tables)))
    n_records, n_messages = int(tables.counts[N_RECORDS]), int(tables.counts[N_MESSAGES])
    flow_of, heads = np.zeros(n_records, np.int32), np.zeros(n_records, np.int32)
    slots = np.zeros(1 << max(4, (2 * n_records).bit_length()), np.int32)
    starts, order = np.zeros(n_records + 2, np.int64), np.zeros(n_messages, np.int64)
    clients, chosen = np.zeros(n_records, np.int64), np.full((n_records, N_CHOSEN), -1, np.int64)
    replies, asked = np.full(n_messages, -1, np.int64), np.zeros(n_messages, np.uint8)
    amounts = np.full((n_records, N_AMOUNTS), -1, np.int64)
    n_flows = fold_records(tables, slots, len(slots), flow_of, heads)
    settle(tables, n_flows, flow_of, heads, starts, order, clients, chosen, replies, asked, amounts)
    heads, clients = heads[:n_flows], clients[:n_flows]
    late = late_sightings(tables, flow_of)
    seen = packets_of(tables.sides, heads) > 0  # an ICMP error alone makes no flow
    rows = in_order(tables.records, heads, clients, np.flatnonzero(seen))
    heads, clients, chosen, amounts = heads[rows], clients[rows], chosen[rows], amounts[rows]

    # Whole rows are taken at once: ten times faster than picking them by an index (measured).
    records = tables.records.take(heads)
    out, back = tables.sides.take(2 * heads + clients), tables.sides.take(2 * heads + 1 - clients)
    late = {i: late[int(flow)] for i, flow in enumerate(rows) if int(flow) in late} if late else {}
    flows = who_with_whom(records, clients)
    with ThreadPoolExecutor(1) as aside:  # two threads take four fifths of the time (measured)
        ids = aside.submit(columns.flow_ids, flows, records["first_ns"])
        labels = tables.labels[: int(tables.counts[N_LABELS])]
        others = aside.submit(
            lambda: (
                columns.counted(records, out, back, clients, labels)
                | amount_columns(amounts, out, back, cut_off(tables.messages, chosen[:, TUNNEL]))
                | shaken(tables, chosen, records, (out, back), clients)
            )
        )
        requests = aside.submit(request_lists, tables, rows, starts, order, asked, replies)
        flows["active"] = active_lists(tables, records, out, back, clients)
        flows["community_id"] = community_ids(records)
        flows["first_frame"] = array(records["first_frame"].astype(np.int64), records["first_frame"] == 0)
        flows["capture"] = words(records["first_source"], [*names])
        flows["captures"] = columns.capture_lists(records, late, names, order_of_sources)
        flows |= named(tables, chosen, replies, ends_by_number(records, clients), answers_of(tables) if answers is None else answers)
        flows |= others.result()
        flows["requests"] = requests.result()
        flows["id"] = texts_of_one_size(ids.result())
    arrays = [in_arrow(flows[f.name]) if f.name in flows else empty_column(f, len(rows)) for f in FLOW_SCHEMA]
    missing = missing_bytes(records, out, back)
    place = np.full(n_flows, -1, np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    row_of = place[flow_of]
    lookups, lookup_of = lookup_table(tables, row_of, flows["id"])
    discoveries, discovery_of = discovery_table(tables, row_of, flows["id"], flows["client_ip"], statuses_of(tables.messages, replies))
    return Named(pa.table(arrays, schema=FLOW_SCHEMA), lookups, discoveries, missing, row_of, lookup_of, discovery_of)


def packets_of(sides: npt.NDArray[Any], heads: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """int64[n]: how many packets each flow has, both directions."""
    packets: npt.NDArray[np.int64] = sides["packets"][2 * heads] + sides["packets"][2 * heads + 1]
    return packets


def in_order(
    records: npt.NDArray[Any], heads: npt.NDArray[np.int32], clients: npt.NDArray[np.int64], flows: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The flows by first_seen, those without a time last; flows of the same moment by id."""
    first = records["first_ns"][heads[flows]]
    first = np.where(first == NO_TIME, np.iinfo(np.int64).max, first)
    by_time = np.argsort(first, kind="stable")
    flows, first = flows[by_time], first[by_time]
    same = np.concatenate([[False], first[1:] == first[:-1], [False]])
    tied = np.flatnonzero(same[1:] | same[:-1])
    if len(tied):
        chosen = flows[tied]
        there = records.take(heads[chosen])
        ids = columns.flow_ids(who_with_whom(there, clients[chosen]), there["first_ns"])
        flows[tied] = chosen[np.lexsort((ids.view("S16").ravel(), first[tied]))]
    return flows


def in_arrow(column: Any) -> pa.Array:
    """The column as an Arrow array, whichever of the two it is."""
    return array(column) if isinstance(column, np.ndarray) else column


def empty_column(field: pa.Field, n: int) -> pa.Array:
    """A column that a later stage fills: null, lists empty."""
    if pa.types.is_list(field.type):
        offsets = pa.Array.from_buffers(pa.int32(), n + 1, [None, zeros(4 * (n + 1))], 0)
        return pa.ListArray.from_arrays(offsets, nothing(0, field.type.value_type))
    return nothing(n, field.type)


def late_sightings(tables: Tables, flow_of: npt.NDArray[np.int32]) -> dict[int, list[int]]:
    """flow → the inputs beyond the first SOURCE_BITS that it was seen in."""
    late: dict[int, list[int]] = {}
    for record, source in tables.sightings[: int(tables.counts[N_SIGHTINGS])].tolist():
        late.setdefault(int(flow_of[record]), []).append(source)
    return late


def spell_addresses(tables: Tables) -> Tables:
    """The same tables, with the addresses that SOCKS clients asked for as text."""
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    kind = np.ascontiguousarray(messages["kind"])
    raw = np.flatnonzero((kind == SOCKS4) | (kind == SOCKS5))
    raw = raw[messages["shape"][raw] & SHAPE_ADDRESS != 0]
    used = int(tables.counts[POOL_USED])
    spelled = bytearray()
    for m in raw:
        at, size = int(messages["host_at"][m]), int(messages["host_size"][m])
        text = columns.address_text(bytes(tables.pool[at : at + size])).encode()
        messages["host_at"][m], messages["host_size"][m] = used + len(spelled), len(text)
        spelled += text
    if not spelled:
        return tables
    tables.counts[POOL_USED] = used + len(spelled)
    return tables._replace(pool=np.concatenate([tables.pool[:used], np.frombuffer(bytes(spelled), np.uint8)]))


def who_with_whom(records: npt.NDArray[Any], clients: npt.NDArray[np.int64]) -> dict[str, Any]:
    """The columns protocol, client_* and server_*."""
    from_a = clients == 0
    ends = {}
    for name, mine, other in (("client", "a", "b"), ("server", "b", "a")):
        high = np.where(from_a, records[f"{mine}_hi"], records[f"{other}_hi"])
        low = np.where(from_a, records[f"{mine}_lo"], records[f"{other}_lo"])
        ends[f"{name}_ip"] = columns.address_texts(high, low, records["version"])
        ends[f"{name}_port"] = np.where(from_a, records[f"{mine}_port"], records[f"{other}_port"]).astype(np.int32)
    return {"protocol": words((records["protocol"] != TCP).astype(np.int32), columns.PROTOCOLS), **ends}


def ends_by_number(records: npt.NDArray[Any], clients: npt.NDArray[np.int64]) -> tuple[Any, Any, Any]:
    """(client addresses, server addresses, first times) of the flows."""
    client, server = (as_addresses(*ends_of(records, side)[:2], records["version"]) for side in (clients, 1 - clients))
    return client, server, records["first_ns"]


def named(
    tables: Tables, chosen: npt.NDArray[np.int64], replies: npt.NDArray[np.int64], ends: tuple[Any, Any, Any], answers: Answers
) -> dict[str, Any]:
    """The columns that say who was asked for, and how."""
    messages, pool = tables.messages, tables.pool
    hellos, leaves = messages.view(CLIENT_HELLO_ROW), messages.view(CERTIFICATE_ROW)
    text, hello_text, leaf_text = (TextsOf(rows, pool) for rows in (messages, hellos, leaves))
    question = np.where(chosen[:, TUNNEL] >= 0, chosen[:, TUNNEL], chosen[:, FETCH])
    field = np.where(chosen[:, FIELD] >= 0, chosen[:, FIELD], chosen[:, CONNECT_FIELD])
    hello, agent = chosen[:, HELLO], chosen[:, AGENT]
    traits = np.where(hello >= 0, hellos["traits"][hello], -1)
    whole = (hello >= 0) & (traits & TRAIT_CUT == 0)
    fingerprint = hello_text("ja4", np.where(whole, hello, -1))
    host_at, host_size, source = choose_hosts(tables.records, messages, pool, chosen)
    hosts = name_by_lookups(tables, answers, question, ends, (host_at, host_size, source))
    status = statuses_of(messages, answers_to(question, replies))
    port = np.where(question >= 0, messages["port"][question], -1)
    plain = chosen[:, FIELD]
    answer = answers_to(plain, replies)
    plain_status = statuses_of(messages, answer)
    return {
        "request": words(np.where(question >= 0, messages["kind"][question].astype(np.int32), -1), KINDS),
        "requested_host": text("host", question),
        "requested_port": array(port.astype(np.int32), port < 0),
        "proxy_status": array(status, status < 0),
        "user_agent": text("agent", agent),
        "http_host": text("field", field),
        "http_path": text("path", plain),
        "http_status": array(plain_status, plain_status < 0),
        "http_location": TextsOf(messages.view(ANSWER_ROW), pool)("location", http_answers(messages, answer), LOWER),
        "http_html": are_html(messages, answer),
        "http_cut": are_cut(messages, answer),
        "http_via": array((messages["shape"][plain] if len(messages) else plain) & SHAPE_FORWARDED != 0, plain < 0),
        "sni": hello_text("server_name", hello),
        "alpn": alpn_lists(hello_text.raw("alpn", np.where(whole, hello, -1)), whole),
        "tls_offered": words(version_codes(messages, np.where(whole, hello, -1)), TLS_VERSIONS),
        "ech": array(traits & TRAIT_ECH != 0, ~whole),
        "ja4": fingerprint,
        "client_random": text_array(pool, hellos["random_at"][hello], np.where(whole, RANDOM_SIZE, -1), HEX),
        "tls_version": words(version_codes(messages, chosen[:, VERSION]), TLS_VERSIONS),
        "certificate_issuer": issuers(leaf_text.raw("issuer", chosen[:, CERTIFICATE_ISSUER])),
        "host": text_array(hosts, host_at, host_size, LOWER),
        "host_source": words(source, SOURCES),
    } | families(messages, text, chosen[:, STYLE], with_schannel(traits, fingerprint))


def name_by_lookups(
    tables: Tables, answers: Answers, question: npt.NDArray[np.int64], ends: tuple[Any, Any, Any], names: tuple[Any, Any, Any]
) -> npt.NDArray[np.uint8]:
    """Give flows without a name the one for which their client was given the address they go to, or that they ask a proxy for.

    question   the request to a proxy, -1: none;  names   where each host lies in the pool, its size and its source
    The pool of the hosts.
    """
    at, size, source = names
    if not len(answers.times):
        return tables.pool
    rows = np.flatnonzero(source < 0)
    client, target, first_ns = (column[rows] for column in ends)
    asked = np.flatnonzero(question[rows] >= 0)
    target[asked] = [address_of(text) for text in values(TextsOf(tables.messages, tables.pool)("host", question[rows[asked]]))]
    answer = name_by_answers(answers, client, target, first_ns)
    rows, answer = rows[answer >= 0], answer[answer >= 0]
    at[rows], size[rows], source[rows] = answers.at[answer], answers.size[answer], BY_DNS
    if answers.pool is tables.pool:
        return tables.pool
    used = int(tables.counts[POOL_USED])
    at[rows] += used
    return np.concatenate([tables.pool[:used], answers.pool])


class TextsOf:
    """The texts of chosen messages as arrays: text("host", rows) is null where rows[i] is -1 or the text is missing."""

    def __init__(self, messages: npt.NDArray[Any], pool: npt.NDArray[np.uint8]) -> None:
        self._messages = messages
        self._pool = pool

    def __call__(self, name: str, rows: npt.NDArray[np.int64], form: int = 0) -> pa.Array:
        return text_array(self._pool, *self._places(name, rows), form)

    def raw(self, name: str, rows: npt.NDArray[np.int64]) -> pa.Array:
        """As bytes: a dictionary array, as few of many are different."""
        return byte_array(self._pool, *self._places(name, rows)).dictionary_encode()

    def _places(self, name: str, rows: npt.NDArray[np.int64]) -> tuple[Any, Any]:
        return self._messages[f"{name}_at"][rows], np.where(rows >= 0, self._messages[f"{name}_size"][rows], -1)


def with_schannel(traits: npt.NDArray[Any], fingerprints: pa.Array) -> npt.NDArray[Any]:
    """The traits of hellos, those marked as Schannel's whose JA4 says so by its cipher suites."""
    encoded = fingerprints.dictionary_encode()
    theirs = np.array([one.split("_")[1] in SCHANNEL_CIPHERS for one in encoded.dictionary.to_pylist()] + [False])
    known = theirs[np.asarray(encoded.indices.fill_null(len(theirs) - 1))]
    return np.where(known & (traits & (TRAIT_GREASE | TRAIT_ENCRYPT_THEN_MAC) == 0), traits | TRAIT_SCHANNEL, traits)


def families(messages: npt.NDArray[Any], text: TextsOf, style: npt.NDArray[np.int64], traits: npt.NDArray[Any]) -> dict[str, pa.Array]:
    """The columns client_family and client_family_by: each combination of what they depend on is judged once."""
    agents = text("agent", style).dictionary_encode()
    known = [*agents.dictionary.to_pylist(), None]
    agent = np.asarray(agents.indices.fill_null(len(known) - 1)).astype(np.int64)
    kind = np.where(style >= 0, messages["kind"][style], 0).astype(np.int64)
    shape = np.where(style >= 0, messages["shape"][style], 0).astype(np.int64)
    combined = array((((agent << 16) | shape) << 16) | (kind << 8) | (traits.astype(np.int64) + 1)).dictionary_encode()
    found = [family((key >> 8) & 0xFF, (key >> 16) & 0xFFFF, known[key >> 32], (key & 0xFF) - 1) for key in combined.dictionary.to_pylist()]
    which = np.asarray(combined.indices)
    return {"client_family": words(which, [name for name, _ in found]), "client_family_by": words(which, [by for _, by in found])}


def request_lists(
    tables: Tables,
    rows: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
    asked: npt.NDArray[np.uint8],
    answers: npt.NDArray[np.int64],
) -> pa.Array:
    """The column requests: for each flow of `rows` its requests to a proxy, in the order of the stream."""
    to_proxy = asked[order] != 0
    before = np.concatenate([[0], np.cumsum(to_proxy)])
    sizes = before[starts[rows + 1]] - before[starts[rows]]
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    within = np.arange(int(offsets[-1])) - np.repeat(offsets[:-1], sizes)
    picked = order[to_proxy][np.repeat(before[starts[rows]], sizes) + within]
    messages, text = tables.messages, TextsOf(tables.messages, tables.pool)
    answer_text = TextsOf(messages.view(ANSWER_ROW), tables.pool)
    answer = answers[picked]
    port, status = messages["port"][picked], statuses_of(messages, answer)
    fetched = np.where(messages["kind"][picked] == ABSOLUTE, picked, -1)
    challenge, continues = challenges(messages, answer_text, answer)
    # What is said here of an answer, by the field's name; what later stages say is empty.
    said = {
        "challenge": challenge,
        "continues": continues,
        "offered": text("scheme", picked),
        "location": answer_text("location", http_answers(messages, answer), LOWER),
        "html": are_html(messages, answer),
        "cut": are_cut(messages, answer),
    }
    values = pa.StructArray.from_arrays(
        [
            words(messages["kind"][picked].astype(np.int32), KINDS),
            text("host", picked),
            array(port, port < 0),
            text("path", fetched),
            array(status, status < 0),
            columns.times_of(messages, picked),
            columns.times_of(messages, answer),
            *(said.get(field.name, empty_column(field, len(picked))) for field in list(REQUEST)[7:]),
        ],
        fields=list(REQUEST),
    )
    return pa.ListArray.from_arrays(array(offsets.astype(np.int32)), values)
