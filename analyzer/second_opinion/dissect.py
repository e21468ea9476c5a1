"""A capture read with pyshark through Wireshark's dissectors, as packets with the requested fields.

This runs in a process of its own (`python -m analyzer.second_opinion`): pyshark needs an event loop, which a notebook already
runs, and its memory grows with every packet. The event loop is made here, because pyshark's own way to get one was removed in Python
3.14. Only fields are requested (`-T ek -e`), which is seven times as fast as whole packets.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

from analyzer.second_opinion.conversations import Conversations, time_ns
from analyzer.second_opinion.fields import FIELDS, FIRST_LOOK, PREFERENCES, SECOND_LOOK

PROGRESS_PACKETS: Final = 2_000
GOODBYE_S: Final = 60


def fields_of(line: bytes) -> dict[str, list[str]]:
    """The fields of one packet of `tshark -T ek -e …`, by their own names.

    Since 4.2 a field with one value may come without a list.
    """
    layers = json.loads(line)["layers"]
    found = {}
    for name in FIELDS:
        value = layers.get(name.replace(".", "_"))
        if value is not None:
            found[name] = [_text(v) for v in value] if isinstance(value, list) else [_text(value)]
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def open_capture(job: dict[str, Any], loop: asyncio.AbstractEventLoop) -> Any:
    """A pyshark.FileCapture of packets whose `frame_info` is a dict of fields."""
    from packaging.version import parse as parse_version
    from pyshark import FileCapture
    from pyshark.packet.packet import Packet
    from pyshark.tshark.output_parser.tshark_ek import TsharkEkJsonParser

    class FieldParser(TsharkEkJsonParser):  # type: ignore[misc]
        """pyshark's parser of -T ek, changed so that a packet is its fields and nothing else."""

        def _parse_single_packet(self, packet: bytes) -> Any:
            fields = fields_of(packet)
            time = fields.get("frame.time_epoch", [""])[0]
            return Packet(layers=[], frame_info=fields, number=int(fields["frame.number"][0]), length=0, sniff_time=time)

    class FieldCapture(FileCapture):  # type: ignore[misc]
        """pyshark's FileCapture without the tshark runs it starts with, for its version and for a map of all 250,000 fields."""

        def _setup_tshark_output_parser(self) -> Any:
            return FieldParser()

        def _get_tshark_version(self) -> Any:
            return parse_version(job["version"])

        async def _cleanup_subprocess(self, process: Any) -> None:
            """Let tshark exit by itself at the end of its output: pyshark would kill it, and lose its complaint about the capture."""
            if self._eof_reached:
                await asyncio.wait_for(process.wait(), GOODBYE_S)
            await super()._cleanup_subprocess(process)

    asked = [part for name in FIELDS for part in ("-e", name)]
    limit = job.get("limit")
    return FieldCapture(
        job["path"],
        keep_packets=False,
        use_ek=True,
        eventloop=loop,
        tshark_path=job["tshark"],
        display_filter=job.get("filter"),
        decode_as=job.get("decode_as") or None,
        override_prefs={**PREFERENCES, **(SECOND_LOOK if job.get("second_look") else FIRST_LOOK)},
        custom_parameters=[*asked, *(["-c", str(limit)] if limit else [])],
    )


def dissect(job: dict[str, Any], progress: Callable[[int], None]) -> dict[str, Any]:
    """The conversations of one capture, the number of packets from pyshark, and tshark's complaint (None: none).

    job   path, tshark, version (of tshark); filter (display filter), decode_as, second_look, limit (frames read), start_ns, end_ns
    """
    from pyshark.capture.capture import TSharkCrashException

    talks = Conversations()
    seen, last_frame = 0, 0
    start_ns, end_ns = job.get("start_ns"), job.get("end_ns")

    def take(packet: Any) -> None:
        nonlocal seen, last_frame
        seen += 1
        last_frame = int(packet.number)
        if seen % PROGRESS_PACKETS == 0:
            progress(last_frame)
        if start_ns is not None or end_ns is not None:
            ts_ns = time_ns(packet.sniff_timestamp)
            if ts_ns is None or (start_ns is not None and ts_ns < start_ns) or (end_ns is not None and ts_ns >= end_ns):
                return
        talks.add(packet.frame_info)

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    capture = open_capture(job, loop)
    complaint = None
    try:
        capture.apply_on_packets(take)
    except TSharkCrashException:
        complaint = capture._last_error_line or "it ended early"
        capture._running_processes.clear()  # it has ended; pyshark would end it again after the loop is closed
    finally:
        loop.close()
    return {"conversations": talks.all(), "packets": seen, "last_frame": last_frame, "complaint": complaint}
