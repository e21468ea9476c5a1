from typing import Any

import pytest

from analyzer.services.catalogue import Catalogue
from analyzer.services.rules import Rule, Service
from tests.verdict.rows import CNC, EDGE, MAPS, PROX01, PROX02, asked, flow, tunnel, verdict


def told(code: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] == code]


@pytest.mark.parametrize(
    ("authority", "sni", "differs"),
    [
        (CNC, MAPS, True),
        (CNC, CNC.upper() + ".", False),
        (CNC, None, False),
        ("20.1.2.5", MAPS, False),
        ("2001:db8::5", MAPS, False),
    ],
)
def test_name_mismatch(authority: str, sni: str | None, differs: bool) -> None:
    row = tunnel(PROX01, authority, sni=sni)
    found = told("name-mismatch", row)
    assert [finding["flows"] for finding in found] == ([[row["id"]]] if differs else [])


def test_name_mismatch_tells_both_names_and_the_number() -> None:
    rows = [
        tunnel(PROX01, "a.example", sni="b.example"),
        tunnel(PROX01, "a.example", sni="b.example"),
        tunnel(PROX01, "a.example", sni="c.example"),
    ]
    (finding,) = told("name-mismatch", *rows)
    assert finding["text"] == "3 tunnels asked for one name and said another inside: a.example but b.example and a.example but c.example"
    assert (finding["severity"], finding["proxy"], len(finding["flows"])) == ("warning", PROX01, 3)


def test_an_outer_name_is_expected_to_differ() -> None:
    (finding,) = told("name-mismatch", tunnel(PROX01, "a.example", sni="public.example", ech=True))
    assert finding["severity"] == "info" and "outer name" in finding["text"]


def test_encrypted_hellos_per_source_proxy_and_service() -> None:
    rows = [tunnel(PROX01, host, ech=True) for host in (EDGE, "b.example", CNC)] + [flow(ech=True), flow(ech=False)]
    found = told("encrypted-client-hello", *rows)
    assert [(finding["proxy"], finding["service"], len(finding["flows"])) for finding in found] == [
        (None, None, 1),
        (PROX01, None, 2),
        (PROX01, "edr-command-and-control", 1),
    ]


def test_names_that_look_like_defenders() -> None:
    rows = [tunnel(PROX01, "winatp-gw-xyz.microsoft.us"), tunnel(PROX01, "winatp-gw-xyz.microsoft.us"), tunnel(PROX01, "example.org")]
    (finding,) = told("unknown-defender-name", *rows)
    assert finding["text"] == "1 host of no known service looks like Defender's: winatp-gw-xyz.microsoft.us"
    assert finding["flows"] == [row["id"] for row in rows[:2]]


def test_a_look_alike_past_the_proxies_is_told_though_a_shared_rule_takes_it_in() -> None:
    row = flow(host="tvmnetscanstableprdweu.blob.core.windows.net")
    (finding,) = told("unknown-defender-name", row, flow(host="contoso.blob.core.windows.net"))
    assert finding["text"] == "1 host of no known service looks like Defender's: tvmnetscanstableprdweu.blob.core.windows.net"
    assert (finding["proxy"], finding["flows"]) == (None, [row["id"]])


def test_known_names_are_not_unknown() -> None:
    assert told("unknown-defender-name", tunnel(PROX01, CNC), flow(host=MAPS), flow()) == []


def test_a_service_whose_hosts_tell_no_plane() -> None:
    rows = [tunnel(PROX01, f"{label}.endpoint.security.microsoft.com") for label in ("x", "y")]
    (finding,) = told("service-plane-mixed", *rows, tunnel(PROX01, CNC))
    assert (finding["service"], finding["flows"]) == ("defender-consolidated", [row["id"] for row in rows])
    assert finding["text"] == "2 defender-consolidated requests of WORKSTATION: 2 of a plane that the host doesn't tell"


def test_a_service_in_two_planes() -> None:
    rules = [Rule(f"{plane}.example", "own-service", "own", plane) for plane in ("sensor", "user")]
    catalogue = Catalogue([Service("own-service", "own")], rules)
    rows = [tunnel(PROX01, "sensor.example"), tunnel(PROX01, "user.example"), tunnel(PROX01, "user.example")]
    result = verdict(*rows, catalogue=catalogue)
    (finding,) = [finding for finding in result["findings"] if finding["code"] == "service-plane-mixed"]
    assert finding["text"] == "3 own-service requests of WORKSTATION: 1 of the sensor plane and 2 of the user plane"
    assert [entry["plane"] for entry in result["sources"][0]["services"]] == [None]
    assert [entry["plane"] for entry in result["sources"][0]["planes"]] == ["sensor", "user"]


def test_mid_stream_per_source_and_proxy() -> None:
    late = [asked(PROX01, state="mid-stream"), asked(PROX01, state="mid-stream"), flow(state="mid-stream", host="a.example")]
    found = told("mid-stream", tunnel(PROX01, "a.example"), *late)
    assert [finding["text"] for finding in found] == [
        "1 conversation of WORKSTATION past the proxies began before the capture; 0 without a name",
        "2 conversations of WORKSTATION to PROX01 began before the capture; 2 without a name",
    ]


@pytest.mark.parametrize(
    ("rows", "text", "severity"),
    [
        ([flow(packets_in=0)], "1 of 1 TCP conversation were captured in one direction only (1 from the client)", "warning"),
        ([flow(packets_out=0), flow(), flow()], "1 of 3 TCP conversations were captured in one direction only (1 from the server)", "info"),
        (
            [flow(packets_in=0), flow(packets_out=0), flow()],
            "2 of 3 TCP conversations were captured in one direction only (1 from the client, 1 from the server)",
            "warning",
        ),
    ],
)
def test_one_direction_only(rows: list[dict[str, Any]], text: str, severity: str) -> None:
    (finding,) = told("one-direction-only", *rows)
    assert (finding["text"], finding["severity"], finding["client_ip"]) == (text, severity, None)


def test_unanswered_attempts_are_whole_as_they_are() -> None:
    rows = [flow(packets_in=0, state="no-answer"), flow(packets_in=0, protocol="udp"), flow(packets_in=1, state="refused")]
    assert told("one-direction-only", *rows) == []


def test_ordinary_traffic_is_not_odd() -> None:
    result = verdict(tunnel(PROX01, CNC, sni=CNC, ech=False), tunnel(PROX02, EDGE, sni=EDGE, ech=False))
    assert [finding["code"] for finding in result["findings"]] == ["required-unseen"]
