"""What each proxy has to let through, by the laboratory's failures."""

from __future__ import annotations

import pytest

import analyzer
from analyzer.errors import Unusable
from analyzer.routes.topology import Topology
from analyzer.services.catalogue import load_catalogue
from analyzer.services.required import Device, required_rules
from analyzer.traffic import Traffic
from analyzer.verdict.devices import devices_of
from analyzer.verdict.evidence import evidence_of
from analyzer.verdict.permits import permits_of, unopened_of
from analyzer.verdict.system import systems_of
from tests.conftest import ROOT
from tests.verdict.rows import LAB_TOPOLOGY

CATALOGUE = load_catalogue()
CAPTURES = ROOT / "captures"
STANDARD = Device("commercial", "EU", "standard")


@pytest.fixture(scope="module")
def failures() -> Traffic:
    return analyzer.read(CAPTURES / "proof" / "failures.pcapng", topology=CAPTURES / "topology.toml")


def test_what_failed_stands_with_its_answers_beside_what_is_required(failures: Traffic) -> None:
    evidence = evidence_of(failures.table, LAB_TOPOLOGY)
    lists = permits_of(evidence, CATALOGUE)
    assert set(devices_of(evidence, CATALOGUE, systems_of(evidence, CATALOGUE)).values()) == {STANDARD}
    required = {rule.pattern for rule in required_rules(CATALOGUE, STANDARD)}
    assert all(required <= {permit.pattern for permit in permits} for permits in lists.values())
    why = {permit.pattern: (permit.ports, permit.why) for permit in lists["172.16.12.10:3128"] if permit.why != ("required",)}
    assert {pattern: told for pattern, told in why.items() if "seen" not in told[1]} == {
        "crl.microsoft.com": ((80,), ("required", "failed: 1 × 403")),
        "ctldl.windowsupdate.com": ((80, 443), ("required", "failed: 1 × 503")),
        "eu-v20.events.data.microsoft.com": ((443,), ("required", "failed: 2 × 407")),
        "unitedstates.cp.wd.microsoft.com": ((443,), ("failed: 1 × 500",)),
        "wdcp.microsoft.com": ((443,), ("required", "failed: 2 × 403")),
    }
    assert why["checkin.dm.microsoft.com"] == ((443,), ("seen",)), "let through, and named as it was"
    assert {permit.pattern for permit in lists["172.16.12.11:3128"]} - required == {"nav.smartscreen.microsoft.com"}


def test_the_python_api_writes_it_for_one_proxy_or_all(failures: Traffic) -> None:
    every = failures.allow_list()
    assert [line for line in every.splitlines() if line.startswith("#")] == [f"# 172.16.12.{n}:3128" for n in (10, 11, 12)]
    assert failures.allow_list(proxy="PROX01") == failures.allow_list(proxy="172.16.12.10:3128") == every.partition("# 172.16.12.11")[0]
    with pytest.raises(Unusable, match="no proxy 'PROX09' was seen"):
        failures.allow_list("csv", "PROX09")


def test_a_streamlined_device_needs_its_own_hosts() -> None:
    traffic = analyzer.read(CAPTURES / "T4-static.pcapng", topology=CAPTURES / "topology.toml")
    lines = traffic.allow_list().splitlines()
    assert "*.endpoint.security.microsoft.com" in lines and "winatp-gw-weu.microsoft.com" not in lines


def test_what_a_proxy_opened_stands_by_its_own_name_beside_what_must_never_be() -> None:
    traffic = analyzer.read(CAPTURES / "proof" / "interception.pcapng", topology=CAPTURES / "topology.toml")
    lists = unopened_of(evidence_of(traffic.table, LAB_TOPOLOGY), CATALOGUE)
    why = {permit.pattern: permit.why for permit in lists["172.16.12.11:3128"] if permit.why != ("required",)}
    assert why == {
        "automatedirstrprdweu.blob.core.windows.net": ("required", "opened: 2 tunnels"),
        "winatp-gw-neu.microsoft.com": ("required", "opened: 2 tunnels"),
        "winatp-gw-weu.microsoft.com": ("required", "opened: 4 tunnels"),
    }, "SmartScreen's hosts are a browser's too"
    assert traffic.no_inspection_list(proxy="PROX01").startswith("# 172.16.12.10:3128\n")
    with pytest.raises(Unusable, match="no proxy 'PROX09' was seen"):
        traffic.no_inspection_list("csv", "PROX09")


def test_what_went_past_the_proxies_stands_in_the_list_of_the_proxy_that_its_source_asks() -> None:
    traffic = analyzer.read(CAPTURES / "situations" / "block-page.pcapng", topology=CAPTURES / "topology.toml")
    (permits,) = permits_of(evidence_of(traffic.table, LAB_TOPOLOGY), CATALOGUE).values()
    past = {permit.pattern: (permit.ports, permit.why) for permit in permits if permit.why[-1].startswith("direct")}
    assert past == {
        "crl.microsoft.com": ((80,), ("required", "direct: 2 blocked")),
        "ctldl.windowsupdate.com": ((80,), ("required", "direct: 1 blocked")),
        "ocsp.digicert.com": ((80,), ("direct: 1 blocked",)),
        "oneocsp.microsoft.com": ((80,), ("direct: 1 blocked",)),
    }


def test_where_nobody_asked_a_proxy_there_is_one_list_for_any() -> None:
    traffic = analyzer.read(CAPTURES / "situations" / "firewall-drops-hello.pcapng")
    lists = permits_of(evidence_of(traffic.table, Topology()), CATALOGUE)
    assert set(lists) == {""} and {"required", "direct: 3 blocked"} <= {why for permit in lists[""] for why in permit.why}
    assert "#" not in traffic.allow_list() and "wdcp.microsoft.com" in traffic.allow_list().splitlines()
    assert "wdcp.microsoft.com" in {permit.pattern for permit in unopened_of(evidence_of(traffic.table, Topology()), CATALOGUE)[""]}
