"""Blocks of frames → packets with their flow keys: the input of an Engine.

Unreadable frames are counted at their inputs. Fragments wait here for the others of their datagram.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.capture.block import Block, Damage
from analyzer.capture.source import Source
from analyzer.flows.identify import key_packets
from analyzer.flows.layout import KEY
from analyzer.packets.decode import decode_frames
from analyzer.packets.fragments import Fragments
from analyzer.packets.labels import labels_of
from analyzer.packets.layout import CUT_SHORT, FRAGMENT, LABELLED, MALFORMED, NOT_IP, PACKET, WHY_LINK
from analyzer.packets.named_ports import open_vxlan
from analyzer.room import Room


class Decoded(NamedTuple):
    """A block's packets (packets.layout.PACKET[n]) and their keys (flows.layout.KEY[n])."""

    block: Block
    packets: npt.NDArray[Any]
    keys: npt.NDArray[Any]


def decode(blocks: Iterable[Block], sources: Sequence[Source], fragments: Fragments | None = None) -> Iterator[Decoded]:
    """Each block with its packets and their keys.

    fragments   fragments that wait from an earlier call, and for a later one; None: no packets come before or after
    """
    ports = tuple(sorted({port for source in sources for port in source.vxlan_ports}))
    waiting = Fragments() if fragments is None else fragments
    waiting.vxlan_ports = ports
    room_packets, room_keys = Room(PACKET), Room(KEY)
    for block in blocks:
        packets = room_packets.take(len(block.frames))
        noted = decode_frames(block.data, block.frames, len(packets), packets)
        if ports:
            noted += open_vxlan(block.data, block.frames, packets, ports)
        if noted:
            without_labels(block, packets)
            labels = labels_of(block.data, block.frames, packets)
            data, frames = block.data, block.frames
            if note_unread(sources, block, packets):
                data, frames, packets = waiting.join(data, frames, packets)
            block = Block(data, frames, labels)
        yield keyed(block, packets, room_keys.take(len(packets)))
        del block, packets  # the next ones are put where these were, which the nearest cache still has
    if fragments is None and waiting.waiting:
        data, frames, packets = waiting.flush()
        yield keyed(Block(data, frames), packets, room_keys.take(len(packets)))
    for number, n in waiting.lost.items():
        sources[number].damage.append(Damage("capture-gap", "IP packets of which a fragment was not captured", count=n))


def keyed(block: Block, packets: npt.NDArray[Any], keys: npt.NDArray[Any] | None = None) -> Decoded:
    """The packets with their keys. keys: array to fill."""
    keys = np.empty(len(packets), KEY) if keys is None else keys
    key_packets(packets, keys, len(packets))
    return Decoded(block, packets, keys)


def without_labels(block: Block, packets: npt.NDArray[Any]) -> None:
    """Replace the note of frames that hold no packet by the reason, where the label of a packet comment has overwritten it."""
    status = packets["status"]
    rows = np.flatnonzero((packets["note"] == LABELLED) & (status >= NOT_IP) & (status != FRAGMENT))
    if len(rows):
        frames, again = block.frames[rows], np.zeros(len(rows), PACKET)
        frames["note_bytes"] = 0
        decode_frames(block.data, frames, len(rows), again)
        packets["note"][rows] = np.where(again["note"] == LABELLED, 0, again["note"])


def note_unread(sources: Sequence[Source], block: Block, packets: npt.NDArray[Any]) -> bool:
    """Count, per input, the frames that gave no packet and the tunnel datagrams that can't be opened, by reason.

    True when there are fragments among the packets.
    """
    status, note = packets["status"], packets["note"]
    rows = np.flatnonzero(((status >= NOT_IP) & (status != FRAGMENT)) | ((note >= WHY_LINK) & (note < LABELLED)))
    if len(rows):
        frames = block.frames[rows]
        status = np.where((status[rows] == CUT_SHORT) & (frames["captured_bytes"] >= frames["wire_bytes"]), MALFORMED, status[rows])
        kinds = np.stack([frames["source"], status, frames["link_type"], note[rows].astype(np.int64)], axis=1)
        for (source, kind, link_type, what), n in zip(*np.unique(kinds, axis=0, return_counts=True), strict=True):
            sources[source].note(int(kind), int(link_type), int(what), int(n))
    return bool((packets["status"] == FRAGMENT).any())
