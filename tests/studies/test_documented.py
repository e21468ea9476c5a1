"""The documented order beside the observed one: as documented, differs, not shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.studies.document import Precedence
from analyzer.studies.documented import DOCUMENTED, precedences
from analyzer.verdict.document import document_of
from tests.studies.laboratory import CATALOGUE, evidence, tunnel
from tests.verdict.rows import CNC, EDGE, MAPS, NCSI, PROX01, PROX02, PROX03, flow


def shown(*rows: dict[str, Any], configured: Sequence[str] = (), user_on: bool | None = True) -> dict[str, Precedence]:
    found = evidence(*rows)
    verdict = document_of(found, catalogue=CATALOGUE, captures=[], configured=configured)
    return {entry["plane"]: entry for entry in precedences(verdict, found, configured, user_on)}


def test_the_fifth_test_is_as_documented_on_every_plane() -> None:
    rows = [tunnel(PROX03, CNC, 1), tunnel(PROX03, MAPS, 2), tunnel(PROX01, NCSI, 3), tunnel(PROX02, EDGE, 4)]
    found = shown(*rows, configured=("static", "winhttp", "wininet"))
    assert {plane: (entry["status"], entry["text"]) for plane, entry in found.items()} == {
        "sensor": ("as documented", "static over WinHTTP and WinINET"),
        "antivirus": ("as documented", "static over WinHTTP and WinINET"),
        "system": ("as documented", "WinHTTP over static and WinINET"),
        "user": ("as documented", "WinINET over static and WinHTTP"),
    }
    assert found["sensor"]["observed"] == ["static"] and found["sensor"]["passed_over"] == ["winhttp", "wininet"]
    assert len(found["sensor"]["flows"]) == 3, "its own flow, and those by which the other proxies were seen to work"
    assert len(found["user"]["flows"]) == 1


def test_one_method_shows_no_order_and_no_traffic_neither() -> None:
    found = shown(tunnel(PROX01, CNC, 1), configured=("winhttp",))
    assert found["sensor"]["status"] == "not shown" and "no choice" in found["sensor"]["text"]
    assert found["user"]["status"] == "not shown" and found["user"]["flows"] == []


def test_a_lower_method_that_wins_differs() -> None:
    entry = shown(tunnel(PROX02, CNC, 1), tunnel(PROX01, NCSI, 2))["sensor"]
    assert (entry["status"], entry["text"]) == (
        "differs",
        "WinINET won, which Microsoft's text doesn't name for this plane, as the article saw",
    )


def test_wininet_is_nobodys_without_a_user() -> None:
    entry = shown(tunnel(PROX01, CNC, 1), configured=("winhttp", "wininet"), user_on=False)["sensor"]
    assert entry["configured"] == ["winhttp"] and entry["status"] == "not shown"


def test_a_higher_method_that_was_there_and_lost_differs() -> None:
    entry = shown(tunnel(PROX01, MAPS, 1), tunnel(PROX03, CNC, 2), configured=("winhttp", "static"))["antivirus"]
    assert (entry["status"], entry["text"]) == ("differs", "WinHTTP won although static comes first and was configured")


def test_winhttp_is_in_the_antivirus_order() -> None:
    entry = shown(tunnel(PROX01, MAPS, 1), tunnel(PROX02, EDGE, 2), configured=("winhttp", "wininet"))["antivirus"]
    assert (entry["status"], entry["text"]) == ("as documented", "WinHTTP over WinINET")


def test_what_was_asked_first_and_failed_shows_no_order() -> None:
    entry = shown(tunnel(PROX03, CNC, 1, 407), tunnel(PROX03, CNC, 2, 407), tunnel(PROX01, CNC, 3), configured=("static", "winhttp"))[
        "sensor"
    ]
    assert entry["status"] == "not shown" and "what was asked first failed" in entry["text"]


def test_failures_and_unknown_methods_show_nothing() -> None:
    failed = shown(tunnel(PROX01, CNC, 1, 503), configured=("winhttp", "static"))["sensor"]
    assert failed["status"] == "not shown" and failed["observed"] == [] and "no proxy won" in failed["text"]
    unnamed = shown(tunnel("192.0.2.9:8080", CNC, 1), configured=("winhttp", "static"))["sensor"]
    assert unnamed["status"] == "not shown" and "doesn't say how it is configured" in unnamed["text"]
    assert shown(flow(state="no-answer"))["sensor"]["status"] == "not shown"


def test_a_split_is_told() -> None:
    rows = [*(tunnel(PROX03, CNC, second) for second in (1, 2, 3, 5, 6)), tunnel(PROX01, CNC, 4)]
    entry = shown(*rows, configured=("static", "winhttp"))["sensor"]
    assert entry["observed"] == ["static", "winhttp"] and entry["text"] == "static over WinHTTP (WinHTTP carried some of it too)"


def test_every_order_says_who_documents_it() -> None:
    assert all(order.methods and len(order.source) > 20 for order in DOCUMENTED.values())


def test_what_is_unclear_or_changed_within_the_test_shows_no_order() -> None:
    unclear = [tunnel(PROX03, CNC, 1), tunnel(PROX03, CNC, 2), tunnel(PROX01, CNC, 3)]
    changed = [tunnel(PROX03 if second < 5 else PROX01, CNC, second) for second in range(10)]
    for rows, why in ((unclear, "too little to show an order"), (changed, "changed within the test")):
        entry = shown(*rows, configured=("static", "winhttp"))["sensor"]
        assert entry["status"] == "not shown" and why in entry["text"]
