"""The verdict over time: stretches of one way, and what was said while no user was logged on."""

from __future__ import annotations

from analyzer.studies.moments import moments_of
from analyzer.studies.timeline import GAP, silences, timeline
from tests.studies.laboratory import at, evidence, tunnel, written_at
from tests.verdict.rows import CNC, MAPS, PROX01, PROX02, WORKSTATION, flow

WINDOW = (at(0), at(100))


def test_a_stretch_ends_where_the_proxy_changes_and_where_nothing_comes_for_long() -> None:
    gap = 100 / GAP
    found = evidence(
        tunnel(PROX01, CNC, 1),
        tunnel(PROX01, CNC, 2 + gap),
        tunnel(PROX02, CNC, 20),
        tunnel(PROX01, CNC, 40),
        tunnel(PROX01, CNC, 41.5 + gap),
    )
    rows = timeline(found, moments_of(found), WINDOW)
    assert [(row["name"], row["first_seen"], row["last_seen"], row["requests"]) for row in rows] == [
        ("PROX01", written_at(1), written_at(3 + gap), 2),
        ("PROX02", written_at(20), written_at(21), 1),
        ("PROX01", written_at(40), written_at(41), 1),
        ("PROX01", written_at(41.5 + gap), written_at(42.5 + gap), 1),
    ]
    assert {row["service"] for row in rows} == {"edr-command-and-control"} and {row["plane"] for row in rows} == {"sensor"}
    assert rows[0]["bytes"] == 12_000 and len(rows[0]["flows"]) == 2


def test_a_long_conversation_bridges_what_lies_in_it() -> None:
    found = evidence(tunnel(PROX01, CNC, 1, lasts=59), tunnel(PROX01, CNC, 2), tunnel(PROX01, CNC, 30))
    (row,) = timeline(found, moments_of(found), WINDOW)
    assert (row["requests"], row["last_seen"]) == (3, written_at(60))


def test_what_the_gateway_dropped_is_a_way_of_its_own() -> None:
    found = evidence(flow(first_seen=at(1), state="no-answer"), flow(first_seen=at(2)), tunnel(PROX01, MAPS, 3, state="reset"))
    rows = timeline(found, moments_of(found), WINDOW)
    assert [(row["way"], row["proxy"], row["service"]) for row in rows] == [
        ("blocked", None, None),
        ("direct", None, None),
        ("proxy", PROX01, "cloud-protection"),
    ]


def test_silence_without_a_user_and_who_broke_it() -> None:
    found = evidence(flow(first_seen=at(2), state="no-answer"), tunnel(PROX02, CNC, 12))
    (silence,) = silences(found, moments_of(found), [(at(0), at(10))])
    assert silence["silent"] and silence["requests"] == 0 and silence["other_flows"] == 1
    assert (silence["resumed"], silence["resumed_name"], silence["seconds_until"]) == (written_at(12), "PROX02", 2.0)
    assert silence["text"] == (
        "WORKSTATION sent nothing to Defender's services for 10.0 s while no user was logged on, though 1 other flow of it was captured; "
        "the first request came 2.0 s after that, through PROX02"
    )
    assert len(silence["flows"]) == 1


def test_defender_traffic_without_a_user_is_no_silence() -> None:
    found = evidence(tunnel(PROX01, CNC, 2), tunnel(PROX01, CNC, 4))
    (silence,) = silences(found, moments_of(found), [(at(0), at(10))])
    assert not silence["silent"] and silence["requests"] == 2 and len(silence["flows"]) == 2
    assert "2 requests in 10.0 s" in silence["text"]


def test_a_workstation_that_sent_nothing_at_all_is_silent_too() -> None:
    found = evidence()
    (silence,) = silences(found, moments_of(found), [(at(0), at(10))])
    assert (silence["client_ip"], silence["name"], silence["silent"], silence["flows"]) == (WORKSTATION, "WORKSTATION", True, [])


def test_what_windows_asks_for_too_breaks_no_silence() -> None:
    lists = [tunnel(PROX01, "slscr.update.microsoft.com", 3), tunnel(PROX01, "settings-win.data.microsoft.com", 4)]
    found = evidence(*lists, tunnel(PROX02, CNC, 12))
    (silence,) = silences(found, moments_of(found), [(at(0), at(10))])
    assert silence["silent"] and silence["requests"] == 0 and silence["other_flows"] == 2
