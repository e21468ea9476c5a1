"""Keys: both directions of a conversation share a number, a packet's own is shared by its copies only."""

from __future__ import annotations

from typing import Any

import numpy as np

from analyzer.flows.identify import key_packets
from analyzer.flows.layout import KEY
from analyzer.packets.layout import MARK, NOT_IP
from tests.flows.packet_rows import A, B, packet, table_of


def keys_of(*rows: dict[str, Any]) -> Any:
    keys = np.zeros(len(rows), KEY)
    key_packets(table_of(rows), keys, len(keys))
    return keys


def test_both_directions() -> None:
    there, back = keys_of(packet(A, B), packet(B, A))
    assert there["conversation"] == back["conversation"] != 0
    assert (there["side"], back["side"]) == (0, 1)
    assert there["digest"] != back["digest"]


def test_a_copy_and_a_retransmission() -> None:
    first, copy, again = keys_of(packet(seq=7, ip_id=1), packet(seq=7, ip_id=1, ttl=63), packet(seq=7, ip_id=2))
    assert first["digest"] == copy["digest"] != again["digest"]
    assert first["conversation"] == again["conversation"]


def test_what_an_error_quotes_is_of_its_conversation() -> None:
    there, quoted = keys_of(packet(A, B), packet(A, B, status=MARK))
    assert quoted["conversation"] == there["conversation"]


def test_a_frame_that_gave_no_packet_has_no_key() -> None:
    assert keys_of(packet(status=NOT_IP)).tolist() == [(0, 0, 0)]
