"""required-unseen: one finding over all sources that miss any required service."""

from typing import Any

from tests.verdict.rows import CNC, PROX01, WORKSTATION, tunnel, verdict

OTHER = "172.16.11.93"


def told(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] == "required-unseen"]


def test_several_sources_are_one_finding() -> None:
    (finding,) = told(tunnel(PROX01, CNC), tunnel(PROX01, CNC, client_ip=OTHER))
    assert finding["client_ips"] == [WORKSTATION, OTHER] and finding["client_ip"] is None
    assert "not seen by at least one of 2 sources" in finding["text"]
    assert "cloud-protection" in finding["services"] and "edr-command-and-control" not in finding["services"]


def test_what_only_other_products_hosts_serve_is_never_missed() -> None:
    (finding,) = told(tunnel(PROX01, CNC))
    assert not {"defender-core-telemetry", "defender-core-configuration"} & set(finding["services"])


def test_a_source_without_defender_misses_nothing() -> None:
    assert told(tunnel(PROX01, "crl.microsoft.com")) == []


def test_requests_whose_names_were_cut_may_have_been_for_it() -> None:
    (finding,) = told(tunnel(PROX01, CNC), tunnel(PROX01, None), tunnel(PROX01, None, client_ip=OTHER))
    assert finding["text"].endswith("; what 1 request asked for can't be seen")
