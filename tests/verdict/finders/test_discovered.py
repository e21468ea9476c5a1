from __future__ import annotations

from typing import Any

import pytest

from analyzer.findings import CODES
from analyzer.routes.discovery import Discovery
from analyzer.verdict.finders.discovered import NO_FILE, NO_PROXY_IN_IT, NOTHING_FOUND, advice_of
from tests.verdict.rows import PROX01, WORKSTATION, asked, flow, request, verdict


def told(code: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] == code]


@pytest.mark.parametrize(
    ("row", "confidence"),
    [
        (flow(server_port=80, http_host="wpad.corp.example", host="wpad.corp.example"), "certain"),
        (flow(server_port=80, http_host="WPAD", host="wpad"), "certain"),
        (asked(PROX01, request("absolute", "wpad", 404)), "certain"),
        (asked(PROX01, request("absolute", "intranet", 200, path="/proxy.PAC")), "certain"),
        (asked(PROX01, request("absolute", "intranet", 200, path="/wpad.dat")), "certain"),
        (flow(server_port=80, user_agent="WinHttp-Autoproxy-Service/5.1"), "likely"),
        (asked(PROX01, request("absolute", "intranet", 200, path="/update.dat")), None),
        (flow(server_port=80, http_host="wpadx.example"), None),
        (flow(protocol="udp", server_port=53, host="wpad.example"), None),
    ],
)
def test_pac_discovery(row: dict[str, Any], confidence: str | None) -> None:
    found = told("pac-discovery", row)
    assert [finding["confidence"] for finding in found] == ([confidence] if confidence else [])
    assert all(finding["client_ip"] == WORKSTATION and finding["flows"] == [row["id"]] for finding in found)


def text_of(one: Discovery, *rows: dict[str, Any]) -> tuple[str, list[str]]:
    document = verdict(*rows, discoveries=[one])
    (finding,) = [finding for finding in document["findings"] if finding["code"] == "pac-discovery"]
    assert (finding["client_ip"], finding["confidence"]) == (one.client_ip, "certain")
    return finding["text"].partition(": ")[2], finding["flows"]


def test_each_step_is_told() -> None:
    one = Discovery(WORKSTATION, asked={"wpad.corp": "no such name"})
    assert text_of(one) == ("asked for wpad.corp (no such name)", [])
    one.dhcp_asked = True
    assert text_of(one)[0].endswith("; asked DHCP, which named no file")
    one.dhcp_url, one.fetched = "http://p/wpad.dat", {"http://p/wpad.dat": None, "http://q/proxy.pac": 200}
    one.files = 1
    assert text_of(one)[0] == (
        "asked for wpad.corp (no such name); DHCP named http://p/wpad.dat; fetched http://p/wpad.dat (no answer); "
        "fetched http://q/proxy.pac (200); the PAC file names no proxy"
    )
    one.proxies = {"172.16.12.10:3128": "PROX01", "p:8080": None}
    assert text_of(one)[0].endswith("; the PAC file names 172.16.12.10:3128 (PROX01) and p:8080")


@pytest.mark.parametrize(
    ("found", "advice"),
    [
        ({"asked": {"wpad.corp": "no such name", "wpad": "error 5"}}, NOTHING_FOUND),
        ({"asked": {"wpad.corp": "no answer"}}, None),  # nothing is known of it
        ({"asked": {"wpad.corp": "10.0.0.1"}, "fetched": {"http://wpad.corp/wpad.dat": 404}}, NO_FILE),
        ({"fetched": {"http://wpad.corp/wpad.dat": 404, "http://b/wpad.dat": None}}, None),
        ({"asked": {"wpad.corp": "no such name"}, "dhcp_url": "http://p/wpad.dat"}, None),
        ({"fetched": {"http://wpad.corp/wpad.dat": 200}, "files": 1}, NO_PROXY_IN_IT),
        ({"fetched": {"http://wpad.corp/wpad.dat": 200}, "files": 1, "proxies": {PROX01: "PROX01"}}, None),
    ],
)
def test_the_advice_is_about_what_was_found(found: dict[str, Any], advice: str | None) -> None:
    assert advice_of(Discovery(WORKSTATION, **found)) == advice
    document = verdict(discoveries=[Discovery(WORKSTATION, **found)])
    (finding,) = [finding for finding in document["findings"] if finding["code"] == "pac-discovery"]
    assert finding["advice"] == (advice or CODES["pac-discovery"].advice)


def test_the_flows_that_show_it_and_no_control_characters() -> None:
    row = flow(id="77", protocol="udp", server_port=53)
    text, ids = text_of(Discovery(WORKSTATION, asked={"wpad\x1b[31m": "no answer"}, flows={"77": None}), row)
    assert (text, ids) == ("asked for wpad\\x1b[31m (no answer)", ["77"])
