"""Labels of frames: the process, from PKTAP or a comment, and the firewall's action, from pflog.

Sources: Apple's pktap.h; OpenBSD's net/pfvar.h (actions); etl2pcapng, which writes comments such as "PID=1234".
"""

from __future__ import annotations

import re
import struct
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from analyzer.packets.layout import LABELLED
from analyzer.packets.link_types import LINK_PFLOG, LINK_PKTAP, LINK_USER2

# PF_PASS, PF_DROP, ... in their order; pf.conf's word for "drop" is block.
ACTIONS: Final = (
    *("pass", "block", "scrub", "noscrub", "nat", "nonat", "binat", "nobinat", "rdr", "nordr"),
    *("synproxy-block", "defer", "match", "divert", "rt", "afrt"),
)

PROCESS_ID: Final = re.compile(rb"\bPID=(\d{1,10})\b", re.IGNORECASE)
PROCESS_NAME: Final = re.compile(rb"\bProcess(?:Name)?[=:]\s*([^\s,;\0]{1,64})", re.IGNORECASE)


class Label(NamedTuple):
    """The process, as UTF-8 "name (pid)" or one of the two; and the action; empty where unknown."""

    process: bytes = b""
    action: bytes = b""


def labels_of(data: npt.NDArray[np.uint8], frames: npt.NDArray[Any], packets: npt.NDArray[Any]) -> list[Label]:
    """The distinct labels of these frames; each labelled packet's note is set to its label's index, counted from 1, or 0 without one."""
    found: dict[Label, int] = {}
    for i in np.flatnonzero(packets["note"] == LABELLED).tolist():
        frame = frames[i]
        start, size = int(frame["start"]), int(frame["captured_bytes"])
        head = data[start : start + min(size, 128)].tobytes()
        comment = data[start + size : start + size + int(frame["note_bytes"])].tobytes()
        label = label_of(int(frame["link_type"]), head, comment)
        packets["note"][i] = found.setdefault(label, len(found) + 1) if label != Label() else 0
    return list(found)


def label_of(link_type: int, head: bytes, comment: bytes) -> Label:
    """The label in the beginning of a frame and the comments behind it."""
    process = process_in_comment(comment)
    if link_type == LINK_PFLOG and len(head) > 2:
        return Label(process, action_name(head[2]))
    if link_type in (LINK_PKTAP, LINK_USER2) and not process:
        process = process_of_pktap(head)
    return Label(process)


def action_name(number: int) -> bytes:
    """pf's word for its action; the number where it has none."""
    return ACTIONS[number].encode() if number < len(ACTIONS) else str(number).encode()


def process_of_pktap(head: bytes) -> bytes:
    """The process in Apple's header; b"" where it names none."""
    if len(head) < 108:
        return b""
    (pid,) = struct.unpack_from("<i", head, 52)
    return described(head[56:76].partition(b"\0")[0], pid)


def process_in_comment(comment: bytes) -> bytes:
    """The process in a comment; b"" where it names none."""
    number = PROCESS_ID.search(comment)
    if number is None:
        return b""
    name = PROCESS_NAME.search(comment)
    return described(name[1] if name else b"", int(number[1]))


def described(name: bytes, pid: int) -> bytes:
    """ "name (pid)", or the one that is known, as printable UTF-8."""
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in name.decode("utf-8", "backslashreplace"))
    if pid <= 0:
        return text.encode()
    return (f"{text} ({pid})" if text else str(pid)).encode()
