"""The arithmetic behind every output."""

from __future__ import annotations

from analyzer.report.model import build
from tests.report.verdicts import fifth_test, hostile, no_defender_traffic, nothing_seen


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


def test_opened_tunnels_come_first_and_problems_are_counted_by_code() -> None:
    verdict = fifth_test()
    opened = verdict["legs"][0] | {"hello": "other", "text": "opened"}
    report = build(verdict | {"legs": [verdict["legs"][0], opened]})
    assert [leg.hello for leg in report.legs] == ["other", "same"]
    problems = [finding["code"] for finding in verdict["findings"] if finding["severity"] == "problem"]
    assert problems and dict(report.problems()) == {code: problems.count(code) for code in problems}


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


def test_findings_come_worst_first_and_say_where() -> None:
    findings = build(fifth_test()).findings
    assert [f.severity for f in findings] == ["problem", "warning", "info"]
    assert findings[0].about == "WORKSTATION (172.16.11.92), through PROX01 (WinHTTP), push-notifications"
    assert findings[0].when == "2024-05-01 12:00:05 to 12:03:05"


def test_summary_counts() -> None:
    assert build(fifth_test()).summary == "1 capture, 18,234 packets · 2024-05-01 12:00:00 to 12:20:00 UTC · 1 problem · 1 warning · 1 info"
    assert build(no_defender_traffic()).summary == "1 capture, 18,234 packets · from 2024-05-01 11:50:00 UTC · 1 warning"
    assert build(nothing_seen()).summary == ""


def test_a_span_over_midnight_names_both_days() -> None:
    verdict = fifth_test()
    verdict["captures"][0]["last_seen"] = "2024-05-02T00:20:00.000000000Z"
    assert build(verdict).captures[0].when == "2024-05-01 12:00:00 to 2024-05-02 00:20:00"


def test_direct_udp_is_told_from_tcp() -> None:
    verdict = fifth_test()
    verdict["direct"]["allowed"][0]["protocol"] = "udp"
    assert build(verdict).direct_allowed[0].server == "20.1.2.3:443 (udp)"


def test_an_empty_verdict_has_an_answer() -> None:
    report = build(nothing_seen())
    assert len(report.answers) == 1 and not report.sources and not report.findings


def test_hostile_names_change_no_number() -> None:
    plain, odd = build(fifth_test()), build(hostile())
    assert [[c and (c.carried, c.failed) for c in r.cells] for r in plain.sources[0].planes] == [
        [c and (c.carried, c.failed) for c in r.cells] for r in odd.sources[0].planes
    ]
