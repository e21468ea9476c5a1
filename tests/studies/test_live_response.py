"""Live response by the command-and-control channel: it worked, it didn't, or nothing wanted it."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.studies.live_response import live_response
from analyzer.studies.plan import PlannedTest
from tests.studies.laboratory import at, evidence, tunnel, written_at
from tests.verdict.rows import CNC, MAPS, PROX01, PROX02, PROX03, flow

WINDOW = (at(0), at(100))
MARKED = PlannedTest("t", (), (), marks=((at(20), "the user logged on"), (at(50), "Live Response started")))
UNMARKED = PlannedTest("t", (), ())
TLS = "tls_completed"


def outcome(test: PlannedTest, *rows: dict[str, Any]) -> tuple[str, str, str]:
    result = live_response(evidence(*rows), test, WINDOW)
    return result["outcome"], result["confidence"], result["reason"]


def test_a_channel_that_opened_after_the_mark_is_a_success() -> None:
    result = live_response(evidence(tunnel(PROX01, CNC, 55), tunnel(PROX02, MAPS, 56)), MARKED, WINDOW)
    assert (result["outcome"], result["since"], result["name"], result["method"]) == ("success", written_at(50), "PROX01", "winhttp")
    assert len(result["flows"]) == 1
    assert result["reason"] == "1 command-and-control tunnel worked through PROX01: at the pace and size of check-ins: the channel works"
    assert result["confidence"] == "unclear", "a check-in proves no session"


def test_a_tunnel_opened_before_and_still_open_carries_the_orders_too() -> None:
    busy = {
        "active": [
            {"start": at(10), "end": at(11), "bytes_out": 9, "bytes_in": 9},
            {"start": at(55), "end": at(56), "bytes_out": 9, "bytes_in": 9},
        ]
    }
    assert outcome(MARKED, tunnel(PROX01, CNC, 10, lasts=80, **busy))[:2] == ("success", "unclear")
    closing = {
        "active": [
            {"start": at(10), "end": at(11), "bytes_out": 9, "bytes_in": 9},
            {"start": at(55), "end": at(55), "bytes_out": 0, "bytes_in": 0},
        ]
    }
    assert outcome(MARKED, tunnel(PROX01, CNC, 10, lasts=45, **closing))[0] == "timeout", "it was only closed"
    assert outcome(MARKED, tunnel(PROX01, CNC, 10, lasts=5))[0] == "timeout"


def check_ins(*seconds: float, **columns: Any) -> list[dict[str, Any]]:
    return [tunnel(PROX01, CNC, second, lasts=0.1, **columns) for second in seconds]


def test_a_session_shows_by_its_shape() -> None:
    session = tunnel(PROX01, CNC, 51, lasts=20, bytes_out=20_000, bytes_in=50_000)
    assert outcome(MARKED, *check_ins(10, 20, 30, 40), session)[:2] == ("success", "certain")


def test_more_than_the_check_ins_before_is_likely() -> None:
    assert outcome(MARKED, *check_ins(10, 20, 30, 40), *check_ins(55, bytes_out=30_000))[:2] == ("success", "likely")
    assert outcome(MARKED, *check_ins(10, 20, 30, 40), *check_ins(*range(51, 60)))[:2] == ("success", "likely")


def test_check_ins_go_on_as_before_and_no_session_comes() -> None:
    assert outcome(MARKED, *check_ins(10, 20, 30, 40, 50.1, 60, 70))[:2] == ("timeout", "likely")


@pytest.mark.parametrize(("heard", "sure"), [(55, "unclear"), (115, "likely"), (360, "certain")])
def test_how_long_one_waits_says_how_sure_a_timeout_is(heard: float, sure: str) -> None:
    rows = [*check_ins(10, 20), tunnel(PROX01, MAPS, heard, lasts=1)]
    assert outcome(MARKED, *rows)[:2] == ("timeout", sure)


def test_what_went_on_before_the_capture_wasnt_watched() -> None:
    rows = [tunnel(PROX01, MAPS, 400), tunnel(PROX01, MAPS, 420, lasts=1)]
    late = live_response(evidence(*rows), MARKED, (at(400), at(421)))
    assert (late["outcome"], late["confidence"]) == ("timeout", "unclear")
    assert "in the 21 s that were captured after the session was started" in late["reason"]
    seen = live_response(evidence(*rows), MARKED, (at(0), at(421)))
    assert seen["confidence"] == "certain"


def test_a_capture_that_ends_before_the_session_shows_nothing_of_it() -> None:
    assert outcome(MARKED, *check_ins(10, 20, 30)) == (
        "timeout",
        "unclear",
        "nothing was captured after the session was started, so whether one began isn't known",
    )


@pytest.mark.parametrize(
    "what", ["live response not available", "Live Response failed to start", "no live response today", "live response ended"]
)
def test_such_marks_start_nothing(what: str) -> None:
    assert outcome(PlannedTest("t", (), (), marks=((at(50), what),)), tunnel(PROX01, MAPS, 55))[0] == "none"


def test_tls_that_breaks_in_the_tunnel_is_a_timeout() -> None:
    broken = [tunnel(PROX02, CNC, 55 + n, **{TLS: False}) for n in range(3)]
    result = live_response(evidence(*broken), MARKED, WINDOW)
    assert result["outcome"] == "timeout" and len(result["flows"]) == 3
    assert result["reason"] == f"3 tunnels to {CNC} opened through PROX02, and TLS inside broke each time"
    assert outcome(MARKED, *broken, tunnel(PROX02, CNC, 60, **{TLS: True}))[:2] == ("success", "unclear")


def test_refusals_and_dropped_direct_attempts_are_named() -> None:
    direct = flow(first_seen=at(60), state="no-answer", sni=CNC, host=CNC, host_source="sni")
    kind, sure, reason = outcome(MARKED, tunnel(PROX01, CNC, 55, 407), tunnel(PROX01, CNC, 56, 403), direct)
    assert (kind, sure) == ("timeout", "likely")
    assert reason == "2 requests failed (1 × 403, 1 × 407); 1 direct connection: 1 no-answer"


def test_no_channel_at_all_is_a_timeout_where_a_session_was_started() -> None:
    kind, _, reason = outcome(MARKED, tunnel(PROX01, MAPS, 55))
    assert kind == "timeout" and reason.startswith("not one command-and-control request was seen in the 6 s after")


def test_without_mark_and_channel_there_is_nothing_to_judge() -> None:
    assert outcome(UNMARKED, tunnel(PROX01, MAPS, 5))[0] == "none"
    kind, _, reason = outcome(UNMARKED, tunnel(PROX01, CNC, 5))
    assert kind == "success" and "no mark says that a session was started" in reason
    assert outcome(UNMARKED, tunnel(PROX01, CNC, 5, 503))[0] == "timeout"


def test_push_notifications_prove_nothing() -> None:
    push = "client.wns.windows.com"
    row = flow(first_seen=at(55), state="no-answer", sni=push, host=push, host_source="sni")
    result = live_response(evidence(row), UNMARKED, WINDOW)
    assert result["outcome"] == "none" and result["push"] is not None and "prove nothing" in result["push"]
    assert live_response(evidence(row, tunnel(PROX01, CNC, 56)), UNMARKED, WINDOW)["outcome"] == "success"


def direct(seconds: float, lasts: float = 1, **columns: Any) -> dict[str, Any]:
    return flow(first_seen=at(seconds), last_seen=at(seconds + lasts), sni=CNC, host=CNC, host_source="sni", **columns)


def test_past_the_proxies_is_a_channel_too() -> None:
    session = direct(51, 20, bytes_out=20_000, bytes_in=50_000)
    result = live_response(evidence(direct(10), direct(20), direct(30), session), MARKED, WINDOW)
    assert (result["outcome"], result["confidence"], result["proxy"], len(result["flows"])) == ("success", "certain", None, 1)
    assert result["reason"].startswith("1 command-and-control connection worked past the proxies: a long-lived tunnel")
    assert outcome(MARKED, direct(10), direct(20), direct(60), direct(70))[:2] == ("timeout", "likely"), "check-ins, and no session"
    assert outcome(UNMARKED, direct(10))[:2] == ("success", "unclear")
    assert outcome(MARKED, direct(60, **{TLS: False}))[0] == "timeout"


def test_a_session_is_one_machine_s() -> None:
    other = {"client_ip": "172.16.11.93"}
    session = tunnel(PROX03, CNC, 51, lasts=20, bytes_out=20_000, bytes_in=50_000, **other)
    both = [*check_ins(10, 20, 30, 40, 60, 70), *check_ins(12, 22, 32, 42, **other), session]
    kind, sure, reason = outcome(MARKED, *both)
    assert (kind, sure) == ("success", "certain") and reason.startswith("172.16.11.93: 1 command-and-control tunnel")
    named = PlannedTest("t", (), (), marks=((at(50), "live response started on WORKSTATION"),))
    assert outcome(named, *both)[:2] == ("timeout", "likely"), "the mark is about another one"
    none = [*check_ins(10, 20, 30, 40, 60, 70), tunnel(PROX02, CNC, 55, **other, **{TLS: False})]
    kind, _, reason = outcome(MARKED, *none)
    assert kind == "timeout" and reason.startswith("WORKSTATION: 2 check-ins") and "172.16.11.93: 1 tunnel" in reason


def started(*seconds: float, what: str = "live response started") -> PlannedTest:
    return PlannedTest("t", (), (), marks=tuple((at(second), what) for second in seconds))


SESSION = {"lasts": 20, "bytes_out": 20_000, "bytes_in": 50_000}


def test_each_session_has_its_own_answer() -> None:
    rows = [*check_ins(10, 20, 30, 40), tunnel(PROX01, CNC, 51, **SESSION), *check_ins(90, 100, 110, 120, 130, 160, 170, 180)]
    worked_once = live_response(evidence(*rows), started(50, 150), WINDOW)
    assert (worked_once["outcomes"], worked_once["outcome"], worked_once["since"]) == (["success", "timeout"], "timeout", written_at(150))
    assert worked_once["reason"].startswith("started 2 times: at 12:00:50 it worked: 1 command-and-control tunnel worked through PROX01")
    assert "; at 12:02:30 it timed out: 3 check-ins at the pace" in worked_once["reason"]
    again = live_response(evidence(*rows, tunnel(PROX01, CNC, 151, **SESSION)), started(50, 150), WINDOW)
    assert (again["outcomes"], again["confidence"]) == (["success", "success"], "certain"), (
        "the first session is no check-in to compare with"
    )
    late = live_response(evidence(*check_ins(10, 20, 30, 40, 60, 70), tunnel(PROX01, CNC, 151, **SESSION)), started(50, 150), WINDOW)
    assert late["outcomes"] == ["timeout", "success"], "what began after the second mark is no answer to the first"
    assert live_response(evidence(*rows), started(50), WINDOW)["outcomes"] == []


def test_marks_of_different_machines_end_nobodys_wait() -> None:
    other = {"client_ip": "172.16.11.93"}
    rows = [*check_ins(10, 20, 30), *check_ins(10, 20, 30, **other), tunnel(PROX01, CNC, 70, **SESSION), *check_ins(75, 95, **other)]
    marks = ((at(50), "live response started on WORKSTATION"), (at(60), "live response started on 172.16.11.93"))
    assert live_response(evidence(*rows), PlannedTest("t", (), (), marks=marks), WINDOW)["outcomes"] == ["success", "timeout"]
