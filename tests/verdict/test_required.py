"""What a source never asked for though Defender requires it."""

from typing import Any

from tests.verdict.rows import CNC, MAPS, PROX01, PROX02, START_NS, WORKSTATION, asked, flow, request, tunnel, verdict


def unseen(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] == "required-unseen"]


def test_the_services_are_named_per_source() -> None:
    (finding,) = unseen(tunnel(PROX01, CNC))
    assert (finding["client_ip"], finding["severity"], finding["flows"]) == (WORKSTATION, "info", [])
    assert "certificate-trust" in finding["text"] and "edr-command-and-control" not in finding["text"]
    assert finding["first_seen"] and finding["last_seen"]


def test_what_was_asked_for_isnt_missing_even_where_it_failed_or_went_direct() -> None:
    crl = request("absolute", "crl.microsoft.com", 403, first_seen=START_NS)
    (finding,) = unseen(tunnel(PROX01, CNC), asked(PROX01, crl), flow(host=MAPS, state="no-answer"))
    assert "certificate-trust" not in finding["text"] and "cloud-protection" not in finding["text"]


def test_a_name_under_a_consolidated_wildcard_is_the_consolidated_service() -> None:
    (finding,) = unseen(tunnel(PROX01, "edr-weu.eu.endpoint.security.microsoft.com"))
    assert "(commercial, streamlined, EU)" in finding["text"] and "defender-consolidated" not in finding["text"]


def test_each_required_service_says_what_became_of_it() -> None:
    crl = request("absolute", "crl.microsoft.com", 403, first_seen=START_NS)
    (source,) = verdict(tunnel(PROX01, CNC), tunnel(PROX02, CNC), asked(PROX01, crl), flow(host=MAPS, state="no-answer"))["sources"]
    became = {entry["service"]: (entry["state"], entry["through"]) for entry in source["required"]}
    assert became["edr-command-and-control"] == ("carried", [PROX01, PROX02])
    assert became["certificate-trust"] == ("failed", [PROX01])
    assert became["cloud-protection"] == ("failed", ["direct"])
    assert became["edr-sample-storage"] == ("unseen", [])
    assert list(became) == sorted(became)


def test_a_host_that_services_share_is_possible_and_not_missing() -> None:
    (source,) = verdict(tunnel(PROX01, CNC), tunnel(PROX02, "go.microsoft.com"))["sources"]
    assert [entry for entry in source["required"] if entry["state"] == "possible"] == [
        {"service": "security-intelligence-updates", "state": "possible", "through": [PROX02]}
    ]


def test_what_only_shared_hosts_serve_is_possible_or_unseen_and_never_missed() -> None:
    rows = [tunnel(PROX01, CNC), tunnel(PROX01, "eu-v20.events.data.microsoft.com")]
    telemetry = "defender-core-telemetry"
    for more, state in (([], ("unseen", [])), ([tunnel(PROX02, "eu-mobile.events.data.microsoft.com")], ("possible", [PROX02]))):
        (source,) = verdict(*rows, *more)["sources"]
        assert {entry["service"]: (entry["state"], entry["through"]) for entry in source["required"]}[telemetry] == state
        (finding,) = unseen(*rows, *more)
        assert telemetry not in finding["services"] and "cloud-protection" in finding["services"]


def test_a_source_without_defender_traffic_has_its_own_finding() -> None:
    assert unseen(tunnel(PROX01, "example.org")) == []


def test_many_sources_that_miss_the_same_are_one_finding() -> None:
    rows = [tunnel(PROX01, CNC, client_ip=f"172.16.11.{number}") for number in range(1, 31)]
    (finding,) = unseen(*rows)
    assert finding["client_ip"] is None and len(finding["client_ips"]) == 30
    assert "not seen by at least one of 30 sources" in finding["text"]


def test_in_a_region_that_no_list_prints_what_was_asked_for_is_required_too() -> None:
    (source,) = verdict(tunnel(PROX01, "winatp-gw-swn.microsoft.com"))["sources"]
    became = {entry["service"]: entry["state"] for entry in source["required"]}
    assert became["edr-command-and-control"] == "carried"
    assert "edr-sample-storage" not in became, "of what wasn't asked for nothing tells the region"
