"""A line of the Client Analyzer compared with the capture: agrees, disagrees or "can't tell", and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analyzer.client_analyzer.agreement import SeenHosts, judged, sensor_agreement
from analyzer.client_analyzer.connectivity import Tried, read_connectivity
from tests.studies.laboratory import evidence, tunnel
from tests.verdict.rows import CNC, MAPS, PROX01, PROX03, flow

DROPPED = flow(state="no-answer")
REFUSED = flow(state="refused")
ALLOWED = flow(sni=CNC, host=CNC, host_source="sni")


def line(text: str) -> Tried:
    return read_connectivity(f"Testing URL : u\n{text}\n").urls[0].tried[0]


def said(
    text: str, *rows: dict[str, Any], covered: bool = True, configured: tuple[str, ...] = (), wpad: bool = False
) -> tuple[str, str, int]:
    found = evidence(*rows)
    seen = SeenHosts(found, np.ones(len(rows), np.bool_), covered, configured, wpad)
    agreement, why, shown = judged(seen, CNC, line(text))
    return agreement, why, len(shown)


@pytest.mark.parametrize(
    ("text", "rows", "agreement", "why"),
    [
        ("1 - Default proxy: Succeeded (200)", [tunnel(PROX01, CNC, 1)], "agrees", f"1 request for {CNC} went through PROX01"),
        ("1 - Default proxy: Succeeded (200)", [ALLOWED], "agrees", "it went direct"),
        ("1 - Default proxy: Succeeded (200)", [tunnel(PROX01, MAPS, 1)], "disagrees", f"nothing carried a request for {CNC}"),
        ("1 - Default proxy: Failed (407)", [tunnel(PROX01, CNC, 1, 407)], "agrees", f"1 request for {CNC} failed at PROX01"),
        ("1 - Default proxy: Failed (12002)", [tunnel(PROX01, CNC, 1)], "can't tell", "packets don't show which line one is of"),
        ("1 - Default proxy: Failed (12002)", [DROPPED], "agrees", f"nothing carried a request for {CNC}"),
        ("2 - Proxy auto discovery (WPAD): Succeeded (200)", [tunnel(PROX01, CNC, 1)], "can't tell", "line 2 is not proof of WPAD"),
        ("2 - Proxy auto discovery (WPAD): Succeeded (200)", [DROPPED], "disagrees", "nothing carried"),
        ("3 - Proxy disabled: Failed (12002: x)", [DROPPED], "agrees", "1 no-answer, as 12002 says"),
        ("3 - Proxy disabled: Failed (12029: x)", [DROPPED], "agrees", "1 no-answer, though 12029 would be refused and unreachable"),
        ("3 - Proxy disabled: Failed (12029: x)", [REFUSED], "agrees", "1 refused, as 12029 says"),
        ("3 - Proxy disabled: Failed (12175: x)", [DROPPED], "agrees", "came to nothing: 1 no-answer"),
        ("3 - Proxy disabled: Failed (12007: x)", [tunnel(PROX01, CNC, 1)], "can't tell", "the name didn't resolve"),
        ("3 - Proxy disabled: Failed (12002: x)", [tunnel(PROX01, CNC, 1)], "can't tell", "no direct attempt was captured"),
        ("3 - Proxy disabled: Failed (12002: x)", [ALLOWED], "disagrees", "got through"),
        ("3 - Proxy disabled: Succeeded (200)", [ALLOWED], "agrees", f"1 direct connection to {CNC} got through"),
        ("3 - Proxy disabled: Succeeded (200)", [DROPPED], "disagrees", "1 no-answer"),
        ("3 - Proxy disabled: Succeeded (200)", [tunnel(PROX01, CNC, 1)], "can't tell", "no direct connection"),
        ("4 - Named proxy: Doesn't exist", [tunnel(PROX01, CNC, 1)], "agrees", "no Defender traffic went through a static proxy"),
        ("4 - Named proxy: Doesn't exist", [tunnel(PROX03, CNC, 1)], "disagrees", "1 Defender flow went through"),
        ("4 - Named proxy (172.16.12.12:3128): Succeeded (200)", [tunnel(PROX03, CNC, 1)], "agrees", "PROX03 carried 1 request"),
        ("4 - Named proxy (prox03:3128): Succeeded (200)", [tunnel(PROX03, CNC, 1)], "agrees", "PROX03 carried 1 request"),
        ("4 - Named proxy (172.16.12.12:3128): Succeeded (200)", [tunnel(PROX01, CNC, 1)], "disagrees", "carried no request"),
        ("4.1 - Named proxy (172.16.12.12:3128): Failed (12002)", [tunnel(PROX03, CNC, 1)], "disagrees", "PROX03 carried"),
        ("4 - Named proxy: Failed (12002)", [tunnel(PROX01, CNC, 1)], "agrees", "the static proxy carried no request"),
        ("5 - Command line proxy: Doesn't exist", [tunnel(PROX01, CNC, 1)], "can't tell", "used only while the analyzer runs with it"),
        ("5 - Command line proxy (172.16.12.10:3128): Succeeded (200)", [tunnel(PROX01, CNC, 1)], "agrees", "PROX01 carried"),
        ("6 - Smoke signals: Succeeded (200)", [tunnel(PROX01, CNC, 1)], "can't tell", "no method of this number"),
        ("1 - Default proxy: Erfolgreich (200)", [tunnel(PROX01, CNC, 1)], "can't tell", "isn't known"),
    ],
)
def test_a_line_and_what_was_captured(text: str, rows: list[dict[str, Any]], agreement: str, why: str) -> None:
    found = said(text, *rows)
    assert found[0] == agreement and why in found[1]


def test_the_flows_that_show_it_are_given() -> None:
    assert said("1 - Default proxy: Succeeded (200)", tunnel(PROX01, CNC, 1), tunnel(PROX01, CNC, 2), tunnel(PROX01, MAPS, 3))[2] == 2
    assert said("3 - Proxy disabled: Failed (12002: x)", DROPPED, ALLOWED)[2] == 1


def test_a_run_that_is_not_in_the_capture_can_not_be_told_of() -> None:
    assert said("1 - Default proxy: Succeeded (200)", DROPPED, covered=False)[0] == "can't tell"


def test_a_configured_static_proxy_and_a_wpad_lookup_are_heeded() -> None:
    assert said("4 - Named proxy: Doesn't exist", tunnel(PROX01, CNC, 1), configured=("static",))[0] == "disagrees"
    assert "pac-discovery" in said("2 - Proxy auto discovery (WPAD): Succeeded (200)", tunnel(PROX01, CNC, 1), wpad=True)[1]


WON = [{"winner": PROX01, "winner_name": "PROX01", "method": "winhttp"}]


@pytest.mark.parametrize(
    ("word", "method", "address", "planes", "agreement"),
    [
        ("NamedWinHttp", "winhttp", "172.16.12.10:3128", WON, "agrees"),
        ("NamedWinHttp", "winhttp", None, WON, "agrees"),
        ("NamedWinHttp", "winhttp", "172.16.12.12:3128", WON, "disagrees"),
        ("TelemetryProxyServer", "static", None, WON, "disagrees"),
        ("Direct", None, None, WON, "disagrees"),
        ("Direct", None, None, [], "can't tell"),
        ("Pigeon", None, None, WON, "can't tell"),
        ("", None, None, WON, "can't tell"),
    ],
)
def test_what_the_sensor_found_beside_who_carried_it(
    word: str, method: str | None, address: str | None, planes: Any, agreement: str
) -> None:
    found, why = sensor_agreement(word, method, address, planes)
    assert found == agreement and why
