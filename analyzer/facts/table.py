"""flows and messages → the flow table: every column of the stages flows and facts (tables.py)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import all_null, array, zeros
from analyzer.facts import columns
from analyzer.facts.active import active_lists
from analyzer.facts.addresses import address_text, address_texts
from analyzer.facts.amounts import N_AMOUNTS, amount_columns, cut_off
from analyzer.facts.answers import answers_of, answers_to, are_cut, are_html, challenges, locations, statuses_of
from analyzer.facts.chosen import AGENT, CERTIFICATE_ISSUER, CONNECT_FIELD, FETCH, FIELD, HELLO, N_CHOSEN, STYLE, TUNNEL, VERSION
from analyzer.facts.community import community_ids
from analyzer.facts.discoveries import discovery_table
from analyzer.facts.family import SCHANNEL_CIPHERS, family
from analyzer.facts.handshakes import TLS_VERSIONS, alpn_lists, handshake_columns, hellos_of, issuers, version_codes
from analyzer.facts.host import BY_DNS, SOURCES, choose_hosts
from analyzer.facts.lookups import Answers, address_of, as_addresses, ends_of, lookup_table, name_by_answers
from analyzer.facts.lookups import answers_of as dns_answers
from analyzer.facts.picked import OF_RECORDS, OF_SIDES, Columns, Fields, Picked, columns_of, kinds_of
from analyzer.facts.settle import settle
from analyzer.facts.strings import HEX, LOWER, text_array, texts_of_one_size, words
from analyzer.flows.fold import fold_records
from analyzer.flows.grow import with_room_to_fold
from analyzer.flows.layout import (
    ABSOLUTE,
    CONNECT,
    DATAGRAM,
    MESSAGE,
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
from analyzer.flows.messages import CERTIFICATE_ROW, SERVER_HELLO_ROW
from analyzer.packets.layout import NO_TIME, TCP
from analyzer.readers.tls import RANDOM_SIZE
from analyzer.streams.initials import read_initials
from analyzer.tables import FLOW_SCHEMA, REQUEST
from analyzer.text.files import as_utf8
from analyzer.text.times import values

P = ParamSpec("P")
T = TypeVar("T")

KINDS: Final[list[str | None]] = [None, "connect", "absolute", None, "socks4", "socks5"]


MIN_FLOWS_FOR_THREAD: Final = 1 << 12
"""A thread doesn't pay for fewer flows."""


class InlineExecutor(Executor):
    """An executor that runs each call at once in the calling thread."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """A finished future with the call's result."""
        done: Future[T] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


class Named(NamedTuple):
    """The rows of everything that was read: FLOW_SCHEMA, LOOKUP_SCHEMA and DISCOVERY_SCHEMA; and the uncaptured bytes (flows.loss).

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
    """The flows of named_tables alone."""
    return named_tables(tables, names, order_of_sources).flows


def named_tables(
    tables: Tables, names: list[str], order_of_sources: list[int], answers: Answers | None = None, *, alone: bool = True
) -> Named:
    """The flow table of everything that was read, and the lookups; consumes `tables`.

    names              of the inputs, by number
    order_of_sources   the inputs' numbers, by time
    answers            of all resolvers, where these tables don't contain all of them
    alone              no other thread makes rows at the same time, so that a second thread may make some columns of many flows
    """
    names = [as_utf8(name) for name in names]
    kinds = kinds_of(tables)
    if (kinds == DATAGRAM).any():
        tables = read_initials(tables)
        kinds = kinds_of(tables)
    if ((kinds == SOCKS4) | (kinds == SOCKS5)).any():
        tables = spell_addresses(tables)
    tables = with_room_to_fold(tables)
    n_records, n_messages = int(tables.counts[N_RECORDS]), int(tables.counts[N_MESSAGES])
    flow_of, heads = np.zeros(n_records, np.int32), np.zeros(n_records, np.int32)
    slots = np.zeros(1 << max(4, (2 * n_records).bit_length()), np.int32)
    starts, order = np.zeros(n_records + 2, np.int64), np.zeros(n_messages, np.int64)
    clients, first_ns, packets = (np.zeros(n_records, np.int64) for _ in range(3))
    chosen, amounts = np.full((n_records, N_CHOSEN), -1, np.int64), np.full((n_records, N_AMOUNTS), -1, np.int64)
    replies, asked = np.empty(n_messages, np.int64), np.zeros(n_messages, np.uint8)
    n_flows = fold_records(tables, slots, len(slots), flow_of, heads)
    settle(tables, n_flows, flow_of, heads, starts, order, clients, first_ns, packets, chosen, replies, asked, amounts)
    late = late_sightings(tables, flow_of)
    seen = np.flatnonzero(packets[:n_flows])  # an ICMP error alone makes no flow
    rows = in_order(tables.records, heads, clients, first_ns, seen)
    hosts = choose_hosts(tables.records, tables.messages, tables.pool, chosen, rows)
    heads, clients, chosen, amounts = heads[rows], clients[rows], columns_of(chosen, rows), columns_of(amounts, rows)

    records = Fields(tables.records, heads, OF_RECORDS)
    out, back = (Fields(tables.sides, 2 * heads + side, OF_SIDES) for side in (clients, 1 - clients))
    hellos = hellos_of(tables, chosen[HELLO])
    hello_answers = Picked(tables, SERVER_HELLO_ROW, chosen[VERSION], "version", "ts_ns", "seq")
    late = {i: late[int(flow)] for i, flow in enumerate(rows) if int(flow) in late} if late else {}
    flows = end_columns(records, clients)
    with ThreadPoolExecutor(1) if alone and len(rows) >= MIN_FLOWS_FOR_THREAD else InlineExecutor() as aside:
        ids = aside.submit(columns.flow_ids, flows, records["first_ns"])
        labels = tables.labels[: int(tables.counts[N_LABELS])]
        others = aside.submit(
            lambda: (
                columns.counted(records, out, back, clients, labels)
                | amount_columns(amounts, out, back, cut_off(Picked(tables, MESSAGE, chosen[TUNNEL], "shape")))
                | handshake_columns(tables, chosen, hellos, hello_answers, records, (out, back), clients)
            )
        )
        requests = aside.submit(request_lists, tables, rows, starts, order, asked, replies)
        flows["active"] = active_lists(tables, records, out, back, clients)
        flows["community_id"] = community_ids(tables.records, heads)
        flows["first_frame"] = array(records["first_frame"].astype(np.int64), records["first_frame"] == 0)
        flows["capture"] = words(records["first_source"], [*names])
        flows["captures"] = captures_of(records, flows["capture"], late, names, order_of_sources)
        given = dns_answers(tables, kinds) if answers is None else answers
        flows |= host_columns(tables, chosen, hosts, hellos, hello_answers, replies, ends_by_number(records, clients), given)
        flows |= others.result()
        flows["requests"] = requests.result()
        flows["id"] = texts_of_one_size(ids.result())
    arrays = [in_arrow(flows[f.name]) if f.name in flows else empty_column(f, len(rows)) for f in FLOW_SCHEMA]
    missing = missing_bytes(records, out, back)
    place = np.full(n_flows, -1, np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    row_of = place[flow_of]
    lookups, lookup_of = lookup_table(tables, kinds, row_of, flows["id"])
    discoveries, discovery_of = discovery_table(tables, kinds, row_of, flows["id"], flows["client_ip"], replies)
    return Named(pa.table(arrays, schema=FLOW_SCHEMA), lookups, discoveries, missing, row_of, lookup_of, discovery_of)


def in_order(
    records: npt.NDArray[Any],
    heads: npt.NDArray[np.int32],
    clients: npt.NDArray[np.int64],
    first_ns: npt.NDArray[np.int64],
    flows: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """These flows by first_seen, those without a time last; flows of the same time by id."""
    first = first_ns[flows]
    first[first == NO_TIME] = np.iinfo(np.int64).max
    by_time = np.argsort(first, kind="stable")
    flows, first = flows[by_time], first[by_time]
    same = np.concatenate([[False], first[1:] == first[:-1], [False]])
    tied = np.flatnonzero(same[1:] | same[:-1])
    if len(tied):
        chosen = flows[tied]
        there = records.take(heads[chosen])
        ids = columns.flow_ids(end_columns(there, clients[chosen]), there["first_ns"])
        flows[tied] = chosen[np.lexsort((ids.view("S16").ravel(), first[tied]))]
    return flows


def in_arrow(column: Any) -> pa.Array:
    """The column as an Arrow array, from a numpy or an Arrow array."""
    return array(column) if isinstance(column, np.ndarray) else column


def empty_column(field: pa.Field, n: int) -> pa.Array:
    """A column for a later stage to fill: null, lists empty."""
    if pa.types.is_list(field.type):
        offsets = pa.Array.from_buffers(pa.int32(), n + 1, [None, zeros(4 * (n + 1))], 0)
        return pa.ListArray.from_arrays(offsets, all_null(0, field.type.value_type))
    return all_null(n, field.type)


def captures_of(records: Columns, capture: pa.Array, late: dict[int, list[int]], names: list[str], order: list[int]) -> pa.Array:
    """The column of columns.capture_lists; where each flow came from a single input, made from the column `capture` without copying."""
    sources = records["sources"]
    if late or capture.null_count or ((sources & (sources - np.uint64(1)) != 0) | (sources == 0)).any():
        return columns.capture_lists(records, late, names, order)
    return pa.ListArray.from_arrays(array(np.arange(len(capture) + 1, dtype=np.int32)), capture)


def late_sightings(tables: Tables, flow_of: npt.NDArray[np.int32]) -> dict[int, list[int]]:
    """flow → the inputs beyond the first SOURCE_BITS in which it was seen."""
    late: dict[int, list[int]] = {}
    for record, source in tables.sightings[: int(tables.counts[N_SIGHTINGS])].tolist():
        late.setdefault(int(flow_of[record]), []).append(source)
    return late


def spell_addresses(tables: Tables) -> Tables:
    """The tables with the addresses in SOCKS requests as text."""
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    kind = np.ascontiguousarray(messages["kind"])
    raw = np.flatnonzero((kind == SOCKS4) | (kind == SOCKS5))
    raw = raw[messages["shape"][raw] & SHAPE_ADDRESS != 0]
    used = int(tables.counts[POOL_USED])
    spelled = bytearray()
    for m in raw:
        at, size = int(messages["host_at"][m]), int(messages["host_size"][m])
        text = address_text(bytes(tables.pool[at : at + size])).encode()
        messages["host_at"][m], messages["host_size"][m] = used + len(spelled), len(text)
        spelled += text
    if not spelled:
        return tables
    tables.counts[POOL_USED] = used + len(spelled)
    return tables._replace(pool=np.concatenate([tables.pool[:used], np.frombuffer(bytes(spelled), np.uint8)]))


def end_columns(records: Columns, clients: npt.NDArray[np.int64]) -> dict[str, Any]:
    """The columns protocol, client_* and server_*."""
    from_a = clients == 0
    ends = {}
    for name, mine, other in (("client", "a", "b"), ("server", "b", "a")):
        high = np.where(from_a, records[f"{mine}_hi"], records[f"{other}_hi"])
        low = np.where(from_a, records[f"{mine}_lo"], records[f"{other}_lo"])
        ends[f"{name}_ip"] = address_texts(high, low, records["version"])
        ends[f"{name}_port"] = np.where(from_a, records[f"{mine}_port"], records[f"{other}_port"]).astype(np.int32)
    return {"protocol": words((records["protocol"] != TCP).astype(np.int32), columns.PROTOCOLS), **ends}


def ends_by_number(records: Columns, clients: npt.NDArray[np.int64]) -> tuple[Any, Any, Any]:
    """(client addresses, server addresses, first times) of the flows."""
    client, server = (as_addresses(*ends_of(records, side)[:2], records["version"]) for side in (clients, 1 - clients))
    return client, server, records["first_ns"]


def host_columns(
    tables: Tables,
    chosen: npt.NDArray[np.int64],
    hosts: tuple[Any, Any, Any],
    hellos: Picked,
    hello_answers: Picked,
    replies: npt.NDArray[np.int64],
    ends: tuple[Any, Any, Any],
    answers: Answers,
) -> dict[str, Any]:
    """The columns for the requested host, and how it was requested.

    chosen   int64[N_CHOSEN, n flows];  hosts   from choose_hosts;  ends   from ends_by_number
    """
    question = np.where(chosen[TUNNEL] >= 0, chosen[TUNNEL], chosen[FETCH])
    field = np.where(chosen[FIELD] >= 0, chosen[FIELD], chosen[CONNECT_FIELD])
    asked = Picked(tables, MESSAGE, question, "kind", "port", "host", "shape")
    plain = Picked(tables, MESSAGE, chosen[FIELD], "path", "shape")
    shape = np.where(plain.there, plain["shape"], asked["shape"])
    traits = hellos.number("traits", missing=-1)
    whole = hellos.there & (traits & TRAIT_CUT == 0)
    fingerprint = hellos.text("ja4", only=whole)
    host_at, host_size, source = hosts
    pool = name_by_lookups(tables, answers, question, ends, hosts)
    status = statuses_of(answers_of(tables, answers_to(question, replies)))
    port = asked.number("port", missing=-1).astype(np.int32)
    answer = answers_of(tables, answers_to(chosen[FIELD], replies))
    plain_status = statuses_of(answer)
    return {
        "request": words(asked.number("kind", missing=-1), KINDS),
        "requested_host": asked.text("host"),
        "requested_port": array(port, port < 0),
        "proxy_status": array(status, status < 0),
        "user_agent": Picked(tables, MESSAGE, chosen[AGENT], "agent").text("agent"),
        "http_host": Picked(tables, MESSAGE, field, "field").text("field"),
        "http_path": plain.text("path"),
        "http_status": array(plain_status, plain_status < 0),
        "http_location": locations(answer),
        "http_html": are_html(answer),
        "http_cut": are_cut(answer),
        "http_via": array(shape & SHAPE_FORWARDED != 0, ~plain.there & (asked["kind"] != CONNECT)),
        "sni": hellos.text("server_name"),
        "alpn": alpn_lists(hellos.raw("alpn", only=whole), whole),
        "tls_offered": words(version_codes(hellos, whole), TLS_VERSIONS),
        "ech": array(traits & TRAIT_ECH != 0, ~whole),
        "ja4": fingerprint,
        "client_random": hellos.part("random", 0, RANDOM_SIZE, HEX, whole),
        "tls_version": words(version_codes(hello_answers), TLS_VERSIONS),
        "certificate_issuer": issuers(Picked(tables, CERTIFICATE_ROW, chosen[CERTIFICATE_ISSUER], "issuer").raw("issuer")),
        "host": text_array(pool, host_at, host_size, LOWER),
        "host_source": words(source, SOURCES),
    } | families(Picked(tables, MESSAGE, chosen[STYLE], "kind", "shape", "agent"), with_schannel(traits, fingerprint))


def name_by_lookups(
    tables: Tables, answers: Answers, question: npt.NDArray[np.int64], ends: tuple[Any, Any, Any], names: tuple[Any, Any, Any]
) -> npt.NDArray[np.uint8]:
    """The pool of the hosts' texts. Flows without a name get the name whose DNS answer gave their client the address to which they go, or
    which they request from a proxy.

    question   the request to a proxy, -1: none;  names   offset of each host in the pool, its size and its source; filled here
    """
    at, size, source = names
    if not len(answers.times):
        return tables.pool
    rows = np.flatnonzero(source < 0)
    client, target, first_ns = (column[rows] for column in ends)
    asked = np.flatnonzero(question[rows] >= 0)
    target[asked] = [address_of(text) for text in values(Picked(tables, MESSAGE, question[rows[asked]], "host").text("host"))]
    answer = name_by_answers(answers, client, target, first_ns)
    rows, answer = rows[answer >= 0], answer[answer >= 0]
    at[rows], size[rows], source[rows] = answers.at[answer], answers.size[answer], BY_DNS
    if answers.pool is tables.pool:
        return tables.pool
    used = int(tables.counts[POOL_USED])
    at[rows] += used
    return np.concatenate([tables.pool[:used], answers.pool])


def with_schannel(traits: npt.NDArray[Any], fingerprints: pa.Array) -> npt.NDArray[Any]:
    """The traits of hellos, with Schannel's mark where the JA4's cipher suites are Schannel's."""
    encoded = fingerprints.dictionary_encode()
    theirs = np.array([one.split("_")[1] in SCHANNEL_CIPHERS for one in encoded.dictionary.to_pylist()] + [False])
    known = theirs[np.asarray(encoded.indices.fill_null(len(theirs) - 1))]
    return np.where(known & (traits & (TRAIT_GREASE | TRAIT_ENCRYPT_THEN_MAC) == 0), traits | TRAIT_SCHANNEL, traits)


def families(requests: Picked, traits: npt.NDArray[Any]) -> dict[str, pa.Array]:
    """The columns client_family and client_family_by: each combination of their inputs is evaluated once."""
    agents = requests.text("agent").dictionary_encode()
    known = [*agents.dictionary.to_pylist(), None]
    agent = np.asarray(agents.indices.fill_null(len(known) - 1)).astype(np.int64)
    kind, shape = requests.number("kind"), requests.number("shape")
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
    request = Picked(tables, MESSAGE, picked, "kind", "host", "port", "path", "scheme", "ts_ns")
    answer = answers_of(tables, answers[picked])
    port, status = request["port"], statuses_of(answer)
    challenge, continues = challenges(answer)
    # The fields of an answer that are known here, by name; later stages fill the others.
    said = {
        "challenge": challenge,
        "continues": continues,
        "offered": request.text("scheme"),
        "location": locations(answer),
        "html": are_html(answer),
        "cut": are_cut(answer),
    }
    values = pa.StructArray.from_arrays(
        [
            words(request["kind"], KINDS),
            request.text("host"),
            array(port, port < 0),
            request.text("path", only=request["kind"] == ABSOLUTE),
            array(status, status < 0),
            columns.times_of(request),
            columns.times_of(answer),
            *(said.get(field.name, empty_column(field, len(picked))) for field in list(REQUEST)[7:]),
        ],
        fields=list(REQUEST),
    )
    return pa.ListArray.from_arrays(array(offsets.astype(np.int32)), values)
