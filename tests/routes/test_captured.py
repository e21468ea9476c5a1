"""What isn't in a capture proves nothing; silence counts where it was waited for."""

from typing import Any

import numpy as np
import pytest

from analyzer.routes.captured import capture_ends, captured_of
from analyzer.routes.requests import NO_TIME
from tests.verdict.rows import SECOND_NS, START_NS, flow, table


def captured(**columns: Any) -> dict[str, Any]:
    found = captured_of(table([flow(**columns)]))
    return {name: getattr(found, name)[0] for name in ("client", "server", "client_lost", "server_lost", "began", "ended", "again")}


@pytest.mark.parametrize(
    ("columns", "name", "expected"),
    [
        ({"packets_in": 0}, "server", False),
        ({"packets_out": 0}, "client", False),
        ({"bytes_in": 100, "acked_in": 101}, "server_lost", True),
        ({"bytes_in": 100, "acked_in": 100}, "server_lost", False),
        ({"bytes_in": 100, "resent_in": 50, "acked_in": 100}, "server_lost", True),
        ({"bytes_in": 100, "acked_in": None}, "server_lost", False),
        ({"bytes_out": 100, "acked_out": 200}, "client_lost", True),
        ({"isn_out": None, "isn_in": None}, "began", False),
        ({"isn_out": None, "isn_in": 0}, "began", True),
        ({"state": "open"}, "ended", False),
        ({"state": "open", "ended_by": "client"}, "ended", True),
        ({"state": "reset"}, "ended", True),
        ({"state": "mid-stream"}, "ended", False),
        ({"resent_out": 5}, "again", False),
        ({"resent_out": 5, "pending_since": START_NS}, "again", True),
        ({"resent_out": 0, "pending_since": START_NS}, "again", False),
    ],
)
def test_what_is_there(columns: dict[str, Any], name: str, expected: bool) -> None:
    assert captured(**columns)[name] == expected


def at(seconds: float, **columns: Any) -> dict[str, Any]:
    return flow(first_seen=START_NS, last_seen=START_NS + int(seconds * SECOND_NS), **columns)


def test_a_capture_ends_with_its_last_packet_of_any_flow() -> None:
    rows = [at(1), at(9, protocol="udp"), at(2, captures=["other"]), at(3, captures=["other", "third"])]
    ends = (capture_ends(table(rows)) - START_NS) / SECOND_NS
    assert ends.tolist() == [9, 9, 3, 3]


def test_a_flow_in_no_capture_ends_with_itself() -> None:
    rows = [at(1), at(2, captures=[]), at(9)]
    assert ((capture_ends(table(rows)) - START_NS) / SECOND_NS).tolist() == [9, 2, 9]


def test_without_times_no_capture_ends() -> None:
    rows = [at(1, captures=["a"]), flow(captures=["b"]) | {"first_seen": None, "last_seen": None}]
    assert capture_ends(table(rows)).tolist() == [START_NS + SECOND_NS, NO_TIME]


@pytest.mark.parametrize(
    ("seconds", "columns", "expected"),
    [(2.9, {}, False), (3, {}, True), (0.1, {"ended_by": "server"}, True), (0.1, {"resent_out": 1, "pending_since": START_NS}, True)],
)
def test_silence_has_to_be_waited_for(seconds: float, columns: dict[str, Any], expected: bool) -> None:
    found = captured_of(table([at(0, state="open", **columns), at(seconds)]))
    assert found.waited(np.array([START_NS]), np.array([0])).tolist() == [expected]


def test_silence_since_an_unknown_time_is_none() -> None:
    found = captured_of(table([at(9, state="open")]))
    assert found.waited(np.array([NO_TIME])).tolist() == [False]


@pytest.mark.parametrize(
    ("later", "holes"),
    [
        ({"bytes_in": 1, "acked_in": 1}, False),
        ({"bytes_in": 1, "acked_in": 10}, True),  # bytes of another connection are missing
        ({"isn_out": None, "isn_in": None, "first_seen": START_NS + 9 * SECOND_NS}, True),  # another one's beginning is
        ({"isn_out": None, "isn_in": None}, False),  # it may have begun before the capture
        ({"isn_out": None, "isn_in": None, "protocol": "udp", "first_seen": START_NS + 9 * SECOND_NS}, False),
    ],
)
def test_what_is_neither_acknowledged_nor_resent_may_have_fallen_into_a_hole_where_the_capture_has_holes(
    later: dict[str, Any], holes: bool
) -> None:
    """TCP resends what isn't acknowledged, within a second at first (RFC 6298 2); in a hole silence shows nothing."""
    other = flow(**{"first_seen": START_NS, "last_seen": START_NS + 100 * SECOND_NS} | later)
    for columns, waited in (
        ({}, True),  # acknowledged
        ({"pending_since": START_NS}, not holes),
        ({"pending_since": START_NS, "resent_out": 9}, True),
        ({"pending_since": START_NS, "ended_by": "server"}, True),
    ):
        captured = captured_of(table([flow(first_seen=START_NS, state="open", **columns), other]))
        assert captured.waited(np.full(2, START_NS))[0] == waited, columns
