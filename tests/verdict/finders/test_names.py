from typing import Any

import pytest

from tests.verdict.rows import CNC, EDGE, MAPS, PROX01, PROX02, flow, tunnel, verdict


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
    assert (
        finding["text"]
        == "3 tunnels of WORKSTATION asked for one name and said another inside: a.example but b.example and a.example but c.example"
    )
    assert (finding["severity"], finding["proxy"], len(finding["flows"])) == ("warning", PROX01, 3)


def test_an_outer_name_is_expected_to_differ() -> None:
    (finding,) = told("name-mismatch", tunnel(PROX01, "a.example", sni="public.example", ech=True))
    assert finding["severity"] == "info" and "outer name" in finding["text"]


def test_encrypted_hellos_are_one_finding() -> None:
    rows = [tunnel(PROX01, host, ech=True) for host in (EDGE, "b.example", CNC)] + [flow(ech=True), flow(ech=False)]
    found = told("encrypted-client-hello", *rows)
    assert [(finding["proxy"], finding["services"], len(finding["flows"])) for finding in found] == [(None, ["edr-command-and-control"], 4)]


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


def test_ordinary_traffic_is_not_odd() -> None:
    result = verdict(tunnel(PROX01, CNC, sni=CNC, ech=False), tunnel(PROX02, EDGE, sni=EDGE, ech=False))
    assert [finding["code"] for finding in result["findings"]] == ["required-unseen"]
