"""A packet that was captured twice counts once; a retransmission counts again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from analyzer.flows.duplicates import WITH_ID_NS, WITHOUT_ID_NS, digest_place, is_digest, with_ttl
from analyzer.flows.layout import N_DUPLICATES
from analyzer.packets.layout import ACK, FIN, NO_TIME, PSH, RST, SYN, UDP
from tests.flows.packet_rows import START_NS, A, B, count, packet

DATA = {"flags": PSH | ACK, "seq": 7, "ack": 9, "payload_bytes": 100, "checksum": 0xBEEF, "window": 512}


def copies(first: dict[str, Any], second: dict[str, Any]) -> int:
    """The number of two packets that were taken for copies; the others are counted."""
    tables = count([first, second])
    found = int(tables.counts[N_DUPLICATES])
    assert int(tables.sides["packets"].sum()) == 2 - found
    return found


def after(gap_ns: int, **more: Any) -> dict[str, Any]:
    return packet(**DATA | {"ts_ns": START_NS + gap_ns} | more)


@pytest.mark.parametrize("digest", [0, 1, 1 << 55, 1 << 56, (1 << 64) - 1])
@pytest.mark.parametrize("ttl", [0, 1, 64, 255])
def test_what_is_kept_of_a_packet_says_its_digest_and_its_ttl(digest: int, ttl: int) -> None:
    kept = SimpleNamespace(digest=with_ttl(digest, ttl))
    assert is_digest(kept, digest) and kept.digest >> 56 == ttl and kept.digest < 1 << 64
    assert not any(is_digest(kept, digest ^ 1 << bit) for bit in range(56))
    assert digest_place(kept.digest) == digest_place(digest)


@pytest.mark.parametrize("gap_ns", [0, 1, WITH_ID_NS, -WITH_ID_NS, -1])
def test_the_same_ip_id_within_a_second(gap_ns: int) -> None:
    assert copies(packet(**DATA), after(gap_ns)) == 1


@pytest.mark.parametrize("gap_ns", [WITH_ID_NS + 1, -WITH_ID_NS - 1, 60_000_000_000])
def test_the_same_ip_id_later(gap_ns: int) -> None:
    assert copies(packet(**DATA), after(gap_ns)) == 0


@pytest.mark.parametrize(
    "other",
    [{"ip_id": 2}, {"seq": 8}, {"ack": 10}, {"checksum": 1}, {"window": 513}, {"payload_bytes": 99}, {"flags": ACK}],
    ids=str,
)
def test_anything_else_that_differs_makes_another_packet(other: dict[str, int]) -> None:
    assert copies(packet(**DATA), after(1, **other)) == 0


def test_what_a_router_changes_may_differ() -> None:
    assert copies(packet(**DATA), after(1, ttl=63, outer0=1 << 56, wrapped=1)) == 1


def test_the_other_direction_is_another_packet() -> None:
    same = {**DATA, "ack": 7}
    assert copies(packet(A, B, **same), packet(B, A, **same)) == 0


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("gap_ns", "found"), [(0, 1), (WITHOUT_ID_NS, 1), (-WITHOUT_ID_NS, 1), (WITHOUT_ID_NS + 1, 0)])
def test_without_an_ip_id_only_what_no_retransmission_timer_can_be(version: int, gap_ns: int, found: int) -> None:
    assert copies(packet(**DATA | {"ip_id": 0, "version": version}), after(gap_ns, ip_id=0, version=version)) == found


@pytest.mark.parametrize(("flags", "found"), [(ACK, 0), (SYN, 1), (SYN | ACK, 1), (FIN | ACK, 1), (RST, 1)])
def test_bare_acknowledgements_without_an_ip_id_may_be_sent_twice(flags: int, found: int) -> None:
    """Duplicate ACKs are a receiver's request for missing segments (RFC 5681 3.2)."""
    bare = {**DATA, "ip_id": 0, "payload_bytes": 0, "flags": flags}
    assert copies(packet(**bare), packet(**bare | {"ts_ns": START_NS + 1000})) == found
    assert copies(packet(**bare), packet(**bare | {"ts_ns": START_NS + 1000, "ttl": 63})) == 1


@pytest.mark.parametrize("times", [(NO_TIME, NO_TIME), (START_NS, NO_TIME), (NO_TIME, START_NS)])
def test_without_times_the_ip_id_decides(times: tuple[int, int]) -> None:
    first, second = times
    assert copies(packet(**DATA | {"ts_ns": first}), packet(**DATA | {"ts_ns": second})) == 1
    without = {**DATA, "ip_id": 0}
    assert copies(packet(**without | {"ts_ns": first}), packet(**without | {"ts_ns": second})) == 0


def test_datagrams() -> None:
    datagram = packet(protocol=UDP, payload_bytes=40, checksum=5, flags=0)
    assert copies(datagram, datagram) == 1
    assert copies(datagram, {**datagram, "ip_id": 2}) == 0


def test_a_mirror_of_both_interfaces() -> None:
    """Every packet twice, the copies in between one another."""
    rows = []
    for i in range(0, 1000, 2):
        pair = [packet(**DATA | {"ip_id": i + k + 1, "seq": 100 * (i + k)}) for k in range(2)]
        rows += [*pair, *({**row, "ttl": 63, "ts_ns": START_NS + 5000} for row in pair)]
    tables = count(rows)
    assert int(tables.counts[N_DUPLICATES]) == 1000
    assert int(tables.sides["distinct"].sum()) == int(tables.sides["bytes"].sum()) == 100_000


def test_a_copy_that_comes_three_times() -> None:
    tables = count([packet(**DATA), after(10), after(20), after(WITH_ID_NS + 30)])
    assert int(tables.counts[N_DUPLICATES]) == 2
