"""Blocks of frames → packets with their keys, and what gave none."""

from __future__ import annotations

from analyzer.decoded import decode, keyed
from analyzer.packets.fragments import Fragments
from analyzer.packets.layout import NOT_IP, OK
from tests.build import arp, ethernet, pcap
from tests.packets.test_fragments import NOW_NS, capture, cut, segment
from tests.pieces import Whole


def test_every_packet_has_its_key_and_what_is_none_is_noted() -> None:
    whole = Whole(pcap([(NOW_NS, ethernet(segment())), (NOW_NS, ethernet(arp(), 0x0806)), (NOW_NS, ethernet(segment()))]))
    (one,) = decode(whole.frames(0, 3), [whole.source])
    assert one.packets["status"].tolist() == [OK, NOT_IP, OK]
    assert one.keys[0] == one.keys[2] == keyed(one.block, one.packets).keys[2]
    assert {key[0]: n for key, n in whole.source.passed_over.items()} == {NOT_IP: 1}


def test_fragments_wait_for_those_that_come_with_another_block() -> None:
    whole = Whole(capture(cut(segment(), [24, 24])))
    waiting = Fragments()
    early = list(decode(whole.frames(0, 2), [whole.source], waiting))
    late = list(decode(whole.frames(2, 3), [whole.source], waiting))
    assert [(one.packets["status"] == OK).sum() for one in [*early, *late]] == [0, 1]
    assert not whole.source.damage


def test_fragments_that_nothing_completes_are_damage() -> None:
    whole = Whole(capture(cut(segment(), [24, 24])))
    *_, last = decode(whole.frames(0, 2), [whole.source])
    assert (last.packets["status"] == OK).sum() == 1
    assert [(one.code, one.count) for one in whole.source.damage] == [("capture-gap", 1)]
