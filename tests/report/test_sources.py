"""Services and planes of one source as rows."""

from __future__ import annotations

from analyzer.report.model import build
from tests.report.verdicts import fifth_test


def test_shares_are_of_what_was_carried() -> None:
    row = next(r for r in build(fifth_test()).sources[0].services if r.label == "edr-cyber-data")
    assert [(c.proxy.name, c.carried, c.failed, c.percent, c.won) if c else None for c in row.cells] == [
        ("PROX01", 1, 0, 2, False),
        None,
        ("PROX03", 41, 1, 97, True),
    ]


def test_a_share_is_never_rounded_up_to_what_would_be_likely() -> None:
    verdict = fifth_test()
    parts = next(entry for entry in verdict["sources"][0]["services"] if entry["service"] == "edr-cyber-data")["by_proxy"]
    parts[0]["tunnels"], parts[1]["tunnels"] = 799, 1_000 - 799
    row = next(r for r in build(verdict).sources[0].services if r.label == "edr-cyber-data")
    assert sorted(c.percent or 0 for c in row.cells if c) == [20, 79]


def test_nothing_carried_has_no_share_and_no_winner() -> None:
    row = next(r for r in build(fifth_test()).sources[0].services if r.label == "push-notifications")
    assert row.winner is None
    assert row.cells[0] is not None and row.cells[0].percent is None and row.cells[0].failed == 4


def test_rows_go_plane_by_plane_and_each_plane_before_its_services() -> None:
    rows = [(r.label, r.is_plane) for r in build(fifth_test()).sources[0].rows()]
    assert rows == [
        ("sensor", True),
        ("edr-command-and-control", False),
        ("edr-cyber-data", False),
        ("antivirus", True),
        ("cloud-protection", False),
        ("system", True),
        ("certificate-trust", False),
        ("push-notifications", False),
        ("user", True),
        ("smartscreen", False),
    ]


def test_precedence_is_one_statement_per_plane_with_each_flow_once() -> None:
    statements = build(fifth_test()).sources[0].precedence
    assert [s.sentence for s in statements] == [
        "sensor: static over WinHTTP and WinINET, shown by edr-command-and-control and edr-cyber-data, 3 flows",
        "antivirus: static over WinINET, shown by cloud-protection, 1 flow",
    ]
    assert statements[0].evidence == ("0123456789abcdef", "1123456789abcdef", "2123456789abcdef")


def test_what_is_so_of_a_service_as_of_its_plane_is_known() -> None:
    source = build(fifth_test()).sources[0]
    said = {row.label: source.same_as_plane(row) for row in source.rows() if not row.is_plane}
    assert said["edr-cyber-data"] and not said["edr-command-and-control"] and not said["push-notifications"]
    assert not any(source.same_as_plane(row) for row in source.planes)


def test_required_services_are_counted_and_on_demand_named() -> None:
    source = build(fifth_test()).sources[0]
    assert source.required_counts == "Of 5 required services 2 carried, 1 failed (push-notifications), 1 perhaps seen, 1 not seen"
    assert "1 perhaps seen (security-intelligence-updates), 1 not seen (diagnostic-telemetry)" in source.required_summary


def test_a_device_on_its_way_says_what_works_on_the_new_hosts_and_what_is_still_on_the_old() -> None:
    verdict = fifth_test()
    assert build(verdict).sources[0].device == (
        "Mixed connectivity (commercial, EU, Windows): on streamlined hosts work cloud-protection and edr-cyber-data; "
        "still on hosts of the standard list: winatp-gw-weu.microsoft.com"
    )
    verdict["sources"][0]["device"] = verdict["sources"][0]["device"] | {
        "connectivity": "standard",
        "geo": "WW",
        "system": None,
        "new_services": [],
    }
    assert build(verdict).sources[0].device == "Standard connectivity (commercial)"
    verdict["sources"][0]["device"] = None
    assert build(verdict).sources[0].device == ""


def test_each_evidence_for_a_family_has_its_flows_if_there_are_several() -> None:
    verdict = fifth_test()
    entry = verdict["sources"][0]["talk"][0]
    entry |= {"family": "winhttp", "flows": 3, "by": [{"what": "a CONNECT without one", "flows": 2}, {"what": "user agent", "flows": 1}]}
    assert "WinHTTP (3 flows: 2 by a CONNECT without one; 1 by user agent)" in build(verdict).sources[0].talk[0]
