"""What kind of device each source looks like, and what is required of it."""

from __future__ import annotations

from typing import Any

from analyzer.routes.route import route_flows
from analyzer.services.required import Device
from analyzer.services.tag import tag_flows
from analyzer.verdict.devices import devices_of
from analyzer.verdict.evidence import evidence_of
from analyzer.verdict.system import systems_of
from tests.verdict.rows import CATALOGUE, CNC, LAB_TOPOLOGY, NCSI, PROX01, WORKSTATION, table, tunnel, verdict

MAC, SERVER = "172.16.11.20", "172.16.11.30"
WINDOWS_ROWS = [tunnel(PROX01, host) for host in (CNC, NCSI, "crl.microsoft.com")]
MAC_ROWS = [
    tunnel(PROX01, host, client_ip=MAC)
    for host in (
        "x.cp.wd.microsoft.com",
        "mdav.eu.endpoint.security.microsoft.com",
        "gdmf.apple.com",
        "edr-weu.eu.endpoint.security.microsoft.com",
    )
]
SERVER_ROWS = [
    tunnel(PROX01, host, client_ip=SERVER) for host in ("x.cp.wd.microsoft.com", "security.ubuntu.com", "archive.ubuntu.com", CNC)
]


def devices(*rows: dict[str, Any]) -> dict[str, Device]:
    evidence = evidence_of(tag_flows(route_flows(table(rows), LAB_TOPOLOGY), CATALOGUE), LAB_TOPOLOGY)
    found = devices_of(evidence, CATALOGUE, systems_of(evidence, CATALOGUE))
    return {evidence.client.values[client]: device for client, device in found.items()}


def test_each_source_is_a_device_of_its_own() -> None:
    found = devices(*WINDOWS_ROWS, *MAC_ROWS, *SERVER_ROWS)
    assert found == {
        WORKSTATION: Device("commercial", "EU", "standard", "Windows"),
        MAC: Device("commercial", "EU", "streamlined", "macOS"),
        SERVER: Device("commercial", "EU", "standard", "Linux"),
    }


def test_what_a_sources_own_traffic_doesnt_tell_the_others_do() -> None:
    lone = tunnel(PROX01, "crl.microsoft.com", client_ip=MAC)
    assert devices(*WINDOWS_ROWS, lone)[MAC].geo == "EU"
    assert devices(lone)[MAC].geo == "WW"


def test_a_mac_and_a_linux_server_arent_missing_what_only_windows_needs() -> None:
    document = verdict(*WINDOWS_ROWS, *MAC_ROWS, *SERVER_ROWS)
    required = {source["client_ip"]: {one["service"] for one in source["required"]} for source in document["sources"]}
    assert {"certificate-trust", "security-intelligence-updates"} <= required[WORKSTATION]
    for ip in (MAC, SERVER):
        of_windows = {rule.service for rule in CATALOGUE.rules if rule.category == "required" and not {"macOS", "Linux"} & set(rule.os)} - {
            rule.service for rule in CATALOGUE.rules if {"macOS", "Linux"} & set(rule.os)
        }
        assert of_windows and not of_windows & required[ip]
        assert "cloud-protection" in required[ip]
    (missing,) = [finding for finding in document["findings"] if finding["code"] == "required-unseen"]
    assert "macOS" in missing["text"] and "Linux" in missing["text"]
