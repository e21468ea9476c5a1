"""The arithmetic behind every output."""

from __future__ import annotations

from analyzer.report.model import MOST_NAMED, build
from tests.report.fleets import fleet
from tests.report.verdicts import fifth_test, hostile, no_defender_traffic, nothing_seen


def test_opened_tunnels_come_first_and_problems_are_counted_by_code() -> None:
    verdict = fifth_test()
    opened = verdict["legs"][0] | {"hello": "other", "text": "opened"}
    report = build(verdict | {"legs": [verdict["legs"][0], opened]})
    assert [leg.hello for leg in report.legs] == ["other", "same"]
    problems = [finding["code"] for finding in verdict["findings"] if finding["severity"] == "problem"]
    assert problems and dict(report.problems()) == {code: problems.count(code) for code in problems}


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


def test_direct_udp_is_marked_and_tcp_is_not() -> None:
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


def test_a_group_names_its_members_and_shows_one_of_many() -> None:
    report = build(fleet(3_000))
    assert [group.n for group in report.groups] == [1, 1, 1, 2_697, 300] and report.n_sources == 3_000
    usual = report.groups[3]
    assert len(usual.sources) == 1 and len(usual.named) == MOST_NAMED
    assert usual.names(2) == "10.0.0.3, 10.0.0.4 and 2,695 more"
    assert [(answer.plane, answer.text, answer.fine) for answer in usual.planes] == [
        ("sensor", "PROX03", True),
        ("antivirus", "PROX03", True),
        ("system", "PROX01", True),
        ("user", "PROX02", True),
    ]
    assert [group.planes[0].text for group in report.groups[:3]] == [
        "none: PROX03 must authenticate",
        "PROX01",
        "PROX01 until 12:09:00, then PROX03",
    ]
    assert len(build(fleet(5)).groups[3].sources) == 2, "few have each their own table"


def test_it_says_what_was_read_and_what_made_it() -> None:
    verdict = fifth_test()
    assert build(verdict).title == "all-three.pcapng, 2024-05-01" and build(nothing_seen()).title == ""
    verdict["captures"] *= 2
    assert build(verdict).title == "all-three.pcapng and 1 more capture, 2024-05-01"
    assert build(verdict).made_by == "Made by whichproxy 0.0.0 with the catalogue of 2024-04-01"
    verdict["made_by"] = {
        "version": "1.2",
        "catalogue": {"as_of": None, "sha256": "ab" * 32},
        "topology": {"path": "t.toml", "sha256": "cd" * 32},
        "options": {"start": "12:00", "end": None},
    }
    assert build(verdict).made_by == (
        "Made by whichproxy 1.2 with the catalogue (SHA-256 abababababab…) and the topology t.toml (SHA-256 cdcdcdcdcdcd…); "
        "asked for: start 12:00"
    )


def test_what_harms_comes_first() -> None:
    assert [finding.code for finding in build(fifth_test()).to_do()] == ["proxy-auth-required", "capture-damaged"]


def test_a_proxy_may_open_tls_where_a_finding_says_so() -> None:
    verdict = fifth_test()
    for entry, inspected in zip(verdict["proxies"], (True, False, None), strict=True):
        entry["inspected"] = inspected
    assert [proxy.inspects for proxy in build(verdict).proxies] == ["yes", "no", "not shown"]
    likely = [{**verdict["findings"][0], "code": "tls-inspected", "confidence": "likely", "proxy": p["proxy"]} for p in verdict["proxies"]]
    assert [proxy.inspects for proxy in build(verdict | {"findings": likely}).proxies] == ["yes", "likely, in part", "likely"]


def test_what_was_refused_past_the_proxies_is_called_as_in_the_finding() -> None:
    verdict = fifth_test()
    verdict["direct"]["blocked"] = [verdict["direct"]["blocked"][0] | {"state": "closed", "http_status": 403}]
    assert [row.state for row in build(verdict).direct_blocked] == ["answered 403"]
    verdict["direct"]["blocked"][0] |= {"state": "open", "http_status": None}
    assert [row.state for row in build(verdict).direct_blocked] == ["open, never answered"]
