"""Packets find the records that were put away, whichever of many they belong to, and none that was taken out."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.flows.grow import empty_tables
from analyzer.flows.identify import key_packets
from analyzer.flows.layout import KEY, N_RECORDS, Tables
from analyzer.flows.retire import hashes_of
from analyzer.flows.returning import KNOWN, Returning, known_of
from analyzer.packets.layout import ACK, SYN
from tests.flows.packet_rows import A, B, count, packet, table_of


def of_ports(ports: list[int]) -> tuple[Tables, np.ndarray]:
    """Tables of a SYN from each of these ports, which is its sequence number too, and the records' hashes."""
    tables = count([packet((*A[:2], port), B, flags=SYN, seq=port, ip_id=i + 1) for i, port in enumerate(ports)])
    return tables, hashes_of(tables)


def asked(returning: Returning, ports: list[int], **fields: int) -> list[tuple[int, int]]:
    """(batch, row) of what packets from these ports ask for, where the tables have no record."""
    packets = table_of([packet((*A[:2], port), B, **fields) for port in ports])
    keys = np.zeros(len(packets), KEY)
    key_packets(packets, keys, len(packets))
    found = returning.asked_for(packets, keys, empty_tables(), exact_syns=False)
    return sorted(zip(found["batch"].tolist(), found["row"].tolist(), strict=True))


@pytest.fixture
def known() -> Returning:
    """Batches of ten records each, ports 1000 to 1299; those of the last have ports of the first."""
    returning = Returning()
    for number in range(30):
        tables, hashes = of_ports(list(range(1_000 + 10 * number, 1_010 + 10 * number)))
        returning.add(known_of(tables, np.arange(10), number, hashes[:10]))
    tables, hashes = of_ports(list(range(1_000, 1_010)))
    returning.add(known_of(tables, np.arange(10), 30, hashes[:10]))
    return returning


def test_a_packet_finds_every_record_of_its_conversation_and_no_other(known: Returning) -> None:
    assert len(known) == 310
    assert asked(known, [1_234, 5_000, 1_234, 1_011], flags=ACK) == [(1, 1), (23, 4)]
    assert asked(known, [1_003], flags=ACK) == [(0, 3), (30, 3)]


def test_a_syn_finds_only_what_it_may_be_the_rest_of(known: Returning) -> None:
    assert asked(known, [1_234], flags=SYN, seq=1_234) == [(23, 4)]
    assert asked(known, [1_234], flags=SYN, seq=99) == []


def test_what_was_taken_out_is_not_found_again(known: Returning) -> None:
    gone = np.zeros(1, KNOWN)
    tables, hashes = of_ports([1_003])
    gone["conversation"], gone["batch"], gone["row"] = hashes[0], 30, 3
    known.taken_out(gone)
    assert asked(known, [1_003, 1_004], flags=ACK) == [(0, 3), (0, 4), (30, 4)]
    assert int(tables.counts[N_RECORDS]) == 1


def test_which_records_of_a_batch_stand_alone(known: Returning) -> None:
    assert len(known.alone(5)) == 10 and len(known.alone(0)) == 0
