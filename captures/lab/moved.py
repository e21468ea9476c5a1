"""Pieces of one recording moved in time: hours of silence without hours of recording.

Nothing within a piece is changed: its packets, their order and the time between them are what was recorded (editcap -A -B cuts,
editcap -t moves, mergecap joins). The truth file's times move with them, and its head says which pieces were moved and how far.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from captures.lab import truth
from captures.lab.network import run

BEGINNINGS = (  # facts that only the beginning of a connection shows
    *("request", "requested_host", "requested_port", "proxy_status", "user_agent", "http_host", "service", "service_evidence", "plane"),
    *("sni", "alpn", "tls_offered", "tls_version", "ech", "client_random"),
)
Moves = Sequence[tuple[float, float]]  # (second of the play, seconds later), by the first


def move(told: Path, moves: Moves) -> None:
    """Move the pieces of the truth file's captures, all parts of a rotated one alike, and its times with them."""
    document = truth.read(told)
    began = moment(document["started_at"])
    parts = sorted(told.parent.glob(f"{told.name.removesuffix('.truth.json')}*.pcapng"))
    for part in parts:
        move_packets(part, began, moves)
    for row in document["connections"]:
        row["opened_at"], row["ended_at"] = later(row["opened_at"], began, moves), later(row["ended_at"], began, moves)
    for mark in document["marks"]:
        mark["at"] = later(mark["at"], began, moves)
    for session in document["sessions"]:
        session["logon"], session["logoff"] = later(session["logon"], began, moves), later(session["logoff"], began, moves)
    document["ended_at"] = later(document["ended_at"], began, moves)
    document["pieces_moved_in_time"] = [{"from_second": at, "seconds_later": by} for at, by in moves]
    truth.rewrite(told, document)


def begin_late(told: Path, second: float) -> None:
    """Remove the packets before that second of the play, and from the truth the facts that only those packets showed."""
    document = truth.read(told)
    start = moment(document["started_at"]) + round(second * 1e9)
    capture = told.with_name(document["capture"])
    whole = capture.rename(capture.with_suffix(".whole"))
    run("editcap", "-A", editcap_time(start), str(whole), str(capture))
    document["connections"] = [
        rest_of(row, start) for row in document["connections"] if not row["ended_at"] or moment(row["ended_at"]) >= start
    ]
    document["recorded_from_second"] = second
    truth.rewrite(told, document)


def rest_of(row: dict[str, Any], start: int) -> dict[str, Any]:
    """The connection's facts in a recording from then on."""
    if moment(row["opened_at"]) >= start:
        return row
    lists: dict[str, Any] = {key: [] for key in ("requests", "outcomes", "challenges", "offers")}
    outcome = "unknown" if row["route"] == "direct" else None
    state = "mid-stream" if row["state"] == "open" else row["state"]
    return {**row, **dict.fromkeys(BEGINNINGS), **lists, "state": state, "direct_outcome": outcome}


def move_packets(capture: Path, began: int, moves: Moves) -> None:
    """The same with the packets of one capture; a piece without packets is left out."""
    edges = [0, *(began + round(at * 1e9) for at, _ in moves), began + 10**15]
    offsets = [0.0, *(by for _, by in moves)]
    pieces = []
    for number, ((start, end), offset) in enumerate(zip(pairwise(edges), offsets, strict=True)):
        piece = capture.with_suffix(f".{number}.piece")
        run("editcap", "-A", editcap_time(start), "-B", editcap_time(end), "-t", str(offset), str(capture), str(piece))
        pieces.append(piece)
    run("mergecap", "-w", str(capture), *(str(piece) for piece in pieces))
    for piece in pieces:
        piece.unlink()


def later(text: str | None, began: int, moves: Moves) -> Any:
    """The time of a truth file, moved as its piece was."""
    if text is None:
        return None
    at = moment(text)
    return truth.rfc3339(at + round(1e9 * next((by for second, by in reversed(moves) if at >= began + round(second * 1e9)), 0.0)))


def moment(text: str) -> int:
    """Nanoseconds of a truth file's time."""
    seconds = datetime.datetime.fromisoformat(f"{text[:19]}+00:00")
    return round(seconds.timestamp()) * 1_000_000_000 + int(text[20:29])


def editcap_time(ns: int) -> str:
    seconds, rest = divmod(ns, 1_000_000_000)
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
