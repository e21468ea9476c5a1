"""IP fragments of chosen flows: a fragment's flow is known once its packet is complete, so its frames wait until then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.packets.decode import decode_frames
from analyzer.packets.fragments import MAX_WAITING, Fragment, Fragments, Key, as_packet, read_part
from analyzer.packets.layout import FRAME, OK, PACKET
from analyzer.packets.link import LINK_RAW
from analyzer.packets.named_ports import open_vxlan
from analyzer.slices.frame import Frame, frame_of

RowOf = Callable[[Any], tuple[int, bool] | None]


class WaitingFrames:
    """The waiting frames; row_of gives the flow and the sender of a whole packet. joined: yield it, not its fragments."""

    def __init__(self, row_of: RowOf, vxlan_ports: tuple[int, ...] = (), *, joined: bool = False) -> None:
        self._row_of = row_of
        self._vxlan_ports = vxlan_ports
        self._give_joined = joined
        self._joined = Fragments()
        self._frames: dict[Key, list[Frame]] = {}

    def take(self, data: npt.NDArray[np.uint8], frame: Any, packet: Any, as_it_is: Frame) -> Iterator[Frame]:
        """The frames of the packets that this fragment completes, or that are given up because of it."""
        part = read_part(data, frame, packet)
        if part is None:
            return
        self._frames.setdefault(part.key, []).append(as_it_is)
        given_up: list[Fragment] = []
        whole = self._joined.add(part, given_up)
        for done in [*([whole] if whole is not None else []), *given_up]:
            yield from self._of(done)
        if len(self._frames) > 2 * MAX_WAITING:
            self._frames = {key: held for key, held in self._frames.items() if key in self._joined.waiting}

    def rest(self) -> Iterator[Frame]:
        """The frames of packets with a missing fragment, at the end of the input."""
        for waiting in list(self._joined.waiting.values()):
            if waiting.first is not None and not waiting.is_copy:
                yield from self._of(waiting.first)

    def _of(self, part: Fragment) -> Iterator[Frame]:
        raw, frame, packet = as_packet(part), np.zeros(1, FRAME), np.zeros(1, PACKET)
        frame["ts_ns"], frame["link_type"] = part.ts_ns, LINK_RAW
        frame["captured_bytes"], frame["wire_bytes"] = len(raw), len(raw) + part.cut_bytes
        data = np.frombuffer(raw, np.uint8)
        decode_frames(data, frame, 1, packet)
        open_vxlan(data, frame, packet, self._vxlan_ports)
        found = self._row_of(packet[0])
        held = self._frames.pop(part.key, [])
        if found is None or not held:
            return
        row, from_client = found
        if not self._give_joined:
            yield from (one._replace(row=row, from_client=from_client) for one in held)
        elif packet["status"][0] == OK:
            number, interface, _ = held[-1].interface
            whole = frame_of(data, frame[0], packet[0], number)
            yield whole._replace(row=row, from_client=from_client, interface=(number, interface, LINK_RAW))
