"""Which settings a finding names: by whose traffic it is, what the sources run, and how clients find the proxy."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.findings import CODES, Finding
from analyzer.verdict.advice.rules import RULES, WITHOUT, advised, meant
from tests.verdict.rows import CATALOGUE, PROX01, PROX03

MAC, WINDOWS, EITHER = frozenset(("macOS",)), frozenset(("Windows",)), frozenset(("macOS", "Linux"))
IP = "10.0.0.1"


def names(code: str, method: str | None = None, systems: frozenset[str] | None = None, **about: Any) -> list[str]:
    about = {"severity": "problem", "proxy": PROX03, "client_ips": (IP,), **about}
    made = advised(Finding(code, "x", **about), CATALOGUE, {} if systems is None else {IP: systems}, {PROX03: method})
    return [setting["name"] for setting in made.to_dict()["settings"]]


def test_every_code_has_settings_or_says_why_not() -> None:
    assert sorted([*RULES, *WITHOUT]) == sorted(CODES)
    assert all(reason and not reason.endswith(".") for reason in WITHOUT.values())


@pytest.mark.parametrize("code", RULES)
@pytest.mark.parametrize("system", [None, MAC, WINDOWS, EITHER], ids=["unknown", "macOS", "Windows", "either"])
def test_whatever_is_advised_has_its_source_and_date(code: str, system: frozenset[str] | None) -> None:
    for plane in ("sensor", "antivirus", "system", "user"):
        finding = Finding(code, "x", client_ips=(IP,), proxy=PROX03, planes=(plane,), severity="problem")
        made = advised(finding, CATALOGUE, {} if system is None else {IP: system}, {}).to_dict()
        assert all(setting["source"].startswith("https://") and setting["date"] for setting in made["settings"])
        assert made["settings"] or system not in (None, WINDOWS)


def test_the_way_that_clients_are_told_of_the_proxy_names_the_setting() -> None:
    services = ("edr-command-and-control", "cloud-protection")
    assert names("proxy-unreachable", "static", services=services) == ["TelemetryProxyServer", "DisableEnterpriseAuthProxy", "ProxyServer"]
    assert names("proxy-unreachable", "winhttp", services=services) == ["netsh winhttp"]
    assert names("proxy-unreachable", "wininet/pac", planes=("user",)) == ["NetworkProxy", "NetworkProxy/SetupScriptUrl"]


def test_without_a_topology_whose_traffic_it_is_names_it() -> None:
    assert names("proxy-unreachable", services=("cloud-protection",)) == ["ProxyServer", "netsh winhttp"]
    assert names("proxy-unreachable", planes=("user",)) == ["NetworkProxy", "NetworkProxy/SetupScriptUrl"]


def test_a_mac_and_a_linux_server_have_settings_of_their_own() -> None:
    services = ("cloud-protection",)
    assert names("proxy-unreachable", systems=MAC, services=services) == ["the Mac's proxy"]
    assert names("proxy-unreachable", systems=frozenset(("Linux",)), services=services) == ["mdatp config proxy"]
    assert names("proxy-unreachable", systems=EITHER, services=services) == ["mdatp config proxy", "the Mac's proxy"]
    assert names("revocation-unreachable", systems=MAC, services=("certificate-trust",)) == []
    assert names("proxy-denied", systems=MAC, services=services) == ["allow list"]


def test_what_must_hold_names_the_services_and_the_proxy_that_stays() -> None:
    finding = Finding("proxy-denied", "x", proxy=PROX03, services=("cloud-protection",), severity="problem")
    made = advised(finding, CATALOGUE, {}, {}).to_dict()
    assert made["expect"] == {
        "winner": {"cloud-protection": PROX03},
        "outcome": {"cloud-protection": "works"},
        "absent": {"proxy-denied": PROX03},
    }
    made = advised(Finding("not-a-proxy", "x", proxy=PROX03, planes=("sensor",)), CATALOGUE, {}, {}).to_dict()
    assert not any(PROX03 in setting["change"] for setting in made["settings"]), "the address that isn't one is not to be set again"
    assert any("HOST:PORT" in setting["change"] for setting in made["settings"])
    assert made["expect"] == {"outcome": {"plane:sensor": "works"}, "absent": {"not-a-proxy": PROX03}}


def test_what_harms_nobody_and_what_no_setting_changes_stay_as_they_are() -> None:
    assert names("proxy-denied", severity="info") == [] == names("origin-unreachable")
    assert advised(Finding("direct-blocked", "x"), CATALOGUE, {}, {}).to_dict()["expect"] is None
    assert names("pac-discovery", severity=None) == ["NetworkProxy/SetupScriptUrl"]


def test_a_service_that_only_another_catalogue_has_is_no_expectation() -> None:
    made = advised(Finding("proxy-denied", "x", services=("ours",), severity="problem"), CATALOGUE, {}, {}).to_dict()
    assert made["expect"] is None and made["settings"]


@pytest.mark.parametrize(
    ("methods", "worked", "proxy"),
    [
        ({PROX01: "winhttp", PROX03: "static"}, (), PROX01),
        ({PROX01: "winhttp/wininet", PROX03: "static"}, (PROX03,), PROX01),
        ({PROX01: "winhttp", PROX03: "winhttp"}, (PROX03,), PROX03),
        ({PROX01: "winhttp", PROX03: "winhttp"}, (), None),
        ({PROX01: None}, (PROX01,), PROX01),
        ({PROX01: None}, (), None),
        ({PROX01: None, PROX03: None}, (PROX01, PROX03), None),
        ({PROX03: "static"}, (PROX03,), None),
        ({}, (PROX01,), None),
    ],
)
def test_a_settings_proxy_is_filled_in_where_it_is_known(
    methods: dict[str, str | None], worked: tuple[str, ...], proxy: str | None
) -> None:
    assert meant("winhttp", methods, worked) == proxy


def test_the_proxy_that_a_finding_is_about_is_none_to_be_filled_in_where_it_is_no_proxy() -> None:
    finding = Finding("not-a-proxy", "x", client_ips=(IP,), proxy=PROX03, planes=("system",))
    made = advised(finding, CATALOGUE, {}, {PROX03: "winhttp", PROX01: None}, (PROX01,)).to_dict()
    assert [setting["change"] for setting in made["settings"]] == [f"netsh winhttp set proxy {PROX01}"]
