from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.build as build
from analyzer.facts.lookups import LEAST_TTL_S, address_of
from analyzer.parts.partial import merge
from analyzer.tables import LOOKUP_SCHEMA
from tests.build import Conversation, dns_answer, dns_query
from tests.engine import engine_rows, reading
from tests.facts.settled import timeless
from tests.pieces import Whole, differences, finish
from tests.reference import rows_of
from tests.reference.agree import disagreements

CLIENT, RESOLVER, SERVER = "172.16.11.92", "172.16.11.1", "172.16.12.10"
T = 1_700_000_000_000_000_000
SECOND = 10**9
Frame = tuple[int, bytes]


def datagram(ts_ns: int, data: bytes, *, back: bool = False, port: int = 50053, server: int = 53, client: str = CLIENT) -> Frame:
    ends = [(client, port), (RESOLVER, server)]
    src, dst = reversed(ends) if back else ends
    return ts_ns, build.ethernet(build.ip(src[0], dst[0], 17, build.udp(src, dst, data), id=ts_ns % 65535 + 1))


def asked(ts_ns: int, name: str = "asked.example", **more: Any) -> list[Frame]:
    """A question and, a millisecond later, its answer."""
    return [
        datagram(ts_ns, dns_query(name), **more),
        datagram(ts_ns + 10**6, dns_answer(name, SERVER, alias="end.of.chain.example"), back=True, **more),
    ]


def flow(ts_ns: int, client: str = CLIENT, server: str = SERVER, port: int = 50001) -> Conversation:
    return Conversation((client, port), (server, 443), start_ns=ts_ns).handshake()


def capture(*frames: Frame) -> bytes:
    return build.pcap(sorted(frames, key=lambda frame: frame[0]), nanosecond=True)


def lookups(*frames: Frame) -> list[dict[str, Any]]:
    table = reading(capture(*frames)).lookups
    assert table is not None and table.schema.equals(LOOKUP_SCHEMA)
    return table.cast(pa.schema([f.with_type(timeless(f.type)) for f in table.schema])).to_pylist()  # type: ignore[no-any-return]


def host_of_tcp(*frames: Frame) -> tuple[str | None, str | None]:
    data = capture(*frames)
    rows = engine_rows(data)
    assert disagreements(rows, rows_of(("stream", data))) == []
    (row,) = [row for row in rows if row["protocol"] == "tcp"]
    return row["host"], row["host_source"]


def test_a_lookup() -> None:
    frames = asked(T, "Asked.Example")
    (found,) = lookups(*frames)
    (row,) = engine_rows(capture(*frames))
    assert found == {
        "flow": row["id"], "client_ip": CLIENT, "server_ip": RESOLVER, "server_port": 53, "protocol": "udp",
        "asked_at": T, "answered_at": T + 10**6, "asked": 1, "name": "Asked.Example", "type": "A", "rcode": 0,
        "answers": [SERVER], "ttl": 60,
    }  # fmt: skip
    assert (row["host"], row["host_source"]) == ("asked.example", "dns")


def test_no_lookups_is_an_empty_table() -> None:
    assert lookups() == [] and lookups(*flow(T).frames) == []


def test_sent_again_is_the_same_lookup_until_it_is_answered() -> None:
    ask, tell = dns_query("a.example", id=5), dns_answer("a.example", SERVER, id=5)
    frames = [datagram(T, ask), datagram(T + SECOND, ask), datagram(T + 2 * SECOND, tell, back=True), datagram(T + 3 * SECOND, ask)]
    assert [(x["asked"], x["asked_at"], x["answered_at"], x["rcode"]) for x in lookups(*frames)] == [
        (2, T, T + 2 * SECOND, 0), (1, T + 3 * SECOND, None, None),
    ]  # fmt: skip


def test_ids_names_and_types_tell_lookups_apart() -> None:
    frames = [
        datagram(T, dns_query("a.example", id=1)), datagram(T + 1, dns_query("a.example", id=2)),
        datagram(T + 2, dns_query("b.example", id=1)),
        datagram(T + 3, dns_query("a.example", id=1, kind=28)), datagram(T + 4, dns_query("A.Example", id=1)),
        datagram(T + 5, dns_query("a.example", id=1, kind=64321)),
    ]  # fmt: skip
    assert [(x["name"], x["type"], x["asked"]) for x in lookups(*frames)] == [
        ("a.example", "A", 2), ("a.example", "A", 1), ("b.example", "A", 1), ("a.example", "AAAA", 1), ("a.example", "TYPE64321", 1),
    ]  # fmt: skip


def test_an_answer_alone_and_one_that_says_no() -> None:
    no = dns_query("gone.example", id=9)
    no = no[:2] + b"\x81\x83" + no[4:]
    assert [
        (x["asked"], x["asked_at"], x["rcode"], x["answers"], x["ttl"], x["client_ip"]) for x in lookups(datagram(T, no, back=True))
    ] == [(0, None, 3, [], None, CLIENT)]


def test_over_tcp() -> None:
    ask, tell = dns_query("tcp.example"), dns_answer("tcp.example", SERVER, "10.0.0.7")
    talk = Conversation((CLIENT, 50002), (RESOLVER, 53), start_ns=T).handshake()
    talk.send_client(len(ask).to_bytes(2, "big") + ask).send_server(len(tell).to_bytes(2, "big") + tell)
    (found,) = lookups(*talk.frames)
    assert (found["protocol"], found["name"], found["answers"]) == ("tcp", "tcp.example", [SERVER, "10.0.0.7"])
    data = capture(*talk.frames, *flow(T + SECOND).frames)
    rows = engine_rows(data)
    assert [(row["server_port"], row["host"]) for row in rows] == [(53, None), (443, "tcp.example")]
    assert disagreements(rows, rows_of(("stream", data))) == []


def test_without_a_server() -> None:
    (found,) = lookups(datagram(T, dns_query("wpad"), server=5355))
    assert (found["server_port"], found["name"], found["rcode"]) == (5355, "wpad", None)


def test_a_flow_goes_by_the_name_that_was_asked_for() -> None:
    assert host_of_tcp(*asked(T), *flow(T + SECOND).frames) == ("asked.example", "dns")


def test_not_by_another_clients_nor_for_another_address_nor_before_it_came() -> None:
    assert host_of_tcp(*asked(T, client="172.16.11.93"), *flow(T + SECOND).frames) == (None, None)
    assert host_of_tcp(*asked(T), *flow(T + SECOND, server="172.16.12.11").frames) == (None, None)
    assert host_of_tcp(*asked(T), *flow(T + 10**6 - 1).frames) == (None, None)
    assert host_of_tcp(*asked(T), *flow(T + 10**6).frames) == ("asked.example", "dns")


def test_as_long_as_the_answer_may_be_kept() -> None:
    last = T + 10**6 + 60 * SECOND
    assert host_of_tcp(*asked(T), *flow(last).frames) == ("asked.example", "dns")
    assert host_of_tcp(*asked(T), *flow(last + 1).frames) == (None, None)
    at_once = datagram(T, dns_answer("a.example", SERVER).replace(b"\0\0\0\x3c", bytes(4)), back=True)
    assert host_of_tcp(at_once, *flow(T + LEAST_TTL_S * SECOND).frames) == ("a.example", "dns")
    assert host_of_tcp(at_once, *flow(T + LEAST_TTL_S * SECOND + 1).frames) == (None, None)


def test_the_latest_answer_that_still_holds() -> None:
    long, short = asked(T, "long.example"), dns_answer("short.example", SERVER).replace(b"\0\0\0\x3c", b"\0\0\0\2")
    frames = [*long, datagram(T + 10 * SECOND, short, back=True)]
    assert host_of_tcp(*frames, *flow(T + 11 * SECOND).frames)[0] == "short.example"
    assert host_of_tcp(*frames, *flow(T + 20 * SECOND).frames)[0] == "long.example"


def test_a_request_for_an_address_goes_by_that_address_and_not_by_the_proxys() -> None:
    asks = flow(T + SECOND).send_client(build.connect("10.9.9.9:443")).send_server(build.ESTABLISHED)
    proxys = asked(T, "proxy.example")
    origins = datagram(T, dns_answer("origin.example", "10.9.9.9"), back=True)
    assert host_of_tcp(*proxys, *asks.frames) == (None, None)
    assert host_of_tcp(*proxys, origins, *asks.frames) == ("origin.example", "dns")


def test_every_other_fact_goes_first() -> None:
    said = flow(T + SECOND).send_client(build.client_hello("sni.example"))
    assert host_of_tcp(*asked(T), *said.frames) == ("sni.example", "sni")


def test_without_times_nothing_is_named() -> None:
    data = build.section_header() + build.interface() + b"".join(build.simple(data) for _, data in [*asked(T), *flow(T).frames])
    assert [row["host"] for row in engine_rows(data) if row["protocol"] == "tcp"] == [None]


@pytest.mark.parametrize("text", [None, "", "a.example", "1.2.3", "::g"])
def test_what_is_no_address(text: str | None) -> None:
    assert address_of(text) == (0, 0, 0)


def test_addresses() -> None:
    assert address_of("1.2.3.4") == (0, 0x01020304, 4) and address_of("1::2") == (1 << 48, 2, 6)


events = st.tuples(
    st.sampled_from(["ask", "tell", "flow"]), st.integers(0, 90), st.sampled_from(["a.example", "b.example"]),
    st.sampled_from([CLIENT, "172.16.11.93"]),
    st.sampled_from([SERVER, "172.16.12.11"]), st.sampled_from([0, 1, 30, 60]),
)  # fmt: skip


def frames_of(chosen: list[tuple[str, int, str, str, str, int]]) -> list[Frame]:
    frames: list[Frame] = []
    for i, (what, when, name, client, server, ttl) in enumerate(chosen):
        ts_ns = T + when * SECOND + i
        if what == "flow":
            frames += flow(ts_ns, client, server, port=40000 + i).frames
        elif what == "ask":
            frames.append(datagram(ts_ns, dns_query(name, id=when % 3), client=client))
        else:
            tell = dns_answer(name, server, id=when % 3).replace(b"\0\0\0\x3c", ttl.to_bytes(4, "big"))
            frames.append(datagram(ts_ns, tell, back=True, client=client))
    return frames


@settings(max_examples=150, deadline=None)
@given(st.lists(events, min_size=1, max_size=10))
def test_any_order_as_the_twin(chosen: list[tuple[str, int, str, str, str, int]]) -> None:
    data = capture(*frames_of(chosen))
    assert disagreements(engine_rows(data), rows_of(("stream", data))) == []


@settings(max_examples=30, deadline=None)
@given(st.lists(events, min_size=2, max_size=10), st.data())
def test_pieces_are_the_whole(chosen: list[tuple[str, int, str, str, str, int]], data: st.DataObject) -> None:
    whole = Whole(capture(*frames_of(chosen)))
    at = data.draw(st.integers(1, max(1, whole.n_frames - 1)))
    pieces = whole.pieces([at])
    assert differences(whole.table(), finish(merge(*pieces))) == []
