from __future__ import annotations

from typing import Any

import pytest

from analyzer.routes.discovery import Discovery
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


def test_the_flows_that_show_it_and_no_control_characters() -> None:
    row = flow(id="77", protocol="udp", server_port=53)
    text, ids = text_of(Discovery(WORKSTATION, asked={"wpad\x1b[31m": "no answer"}, flows={"77": None}), row)
    assert (text, ids) == ("asked for wpad\\x1b[31m (no answer)", ["77"])
