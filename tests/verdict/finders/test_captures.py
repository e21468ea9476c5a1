from types import SimpleNamespace
from typing import Any, cast

import pytest

from analyzer.findings import Finding
from analyzer.verdict.case import Case
from analyzer.verdict.finders.captures import find


def capture_findings(captures: list[dict[str, Any]], n_flows: int = 1) -> list[Finding]:
    evidence = SimpleNamespace(flows=SimpleNamespace(num_rows=n_flows))
    return find(cast(Case, SimpleNamespace(captures=captures, evidence=evidence)))


def capture(*damage: dict[str, object], path: str = "a.pcap") -> dict[str, object]:
    return {"path": path, "first_seen": "2024-05-01T12:00:00.000000000Z", "last_seen": None, "damage": list(damage)}


@pytest.mark.parametrize(
    "code", ["capture-damaged", "capture-unreadable", "capture-cut", "capture-gap", "packets-dropped", "flows-evicted"]
)
def test_a_findings_own_code_is_kept(code: str) -> None:
    (finding,) = capture_findings([capture({"code": code, "offset": 24, "bytes": 7, "count": 1, "text": "cut off"})])
    assert (finding.code, finding.text) == (code, "a.pcap: cut off (at byte 24, 7 bytes skipped)")
    assert (finding.first_seen, finding.last_seen) == ("2024-05-01T12:00:00.000000000Z", None)


def test_an_anomaly_of_the_reader_is_damage() -> None:
    (finding,) = capture_findings([capture({"code": "PCAP_RECORD_PAST_END", "offset": None, "bytes": None, "count": None, "text": None})])
    assert (finding.code, finding.text) == ("capture-damaged", "a.pcap: PCAP_RECORD_PAST_END")


def test_many_of_a_kind_are_one_finding() -> None:
    damage = [{"code": "capture-damaged", "offset": offset, "bytes": 10, "count": 2, "text": "bad block"} for offset in (900, 100)]
    found = capture_findings([capture(*damage), capture(damage[0], path="b.pcap"), capture(path="c.pcap")])
    assert [finding.text for finding in found] == [
        "a.pcap: bad block (first at byte 100, 20 bytes skipped, 4 in all); b.pcap: bad block (at byte 900, 10 bytes skipped, 2 in all)",
    ]


def test_file_names_cannot_steer_a_terminal() -> None:
    (finding,) = capture_findings(
        [capture({"code": "capture-gap", "offset": None, "bytes": None, "count": 1, "text": "hole"}, path="a\x1b[31m.pcap")]
    )
    assert finding.text == "a\\x1b[31m.pcap: hole"


def test_whole_captures_have_no_finding() -> None:
    assert capture_findings([{"path": "a", "damage": None}, {"path": "b"}]) == []


def test_what_was_not_opened_is_a_warning_where_it_is_much() -> None:
    damage = {"code": "frames-unopened", "offset": None, "bytes": 0, "count": 19, "text": "19 packets of 1,000 (1.9%) not opened: ESP"}
    one = {**capture(damage), "packets": 1000}
    (finding,) = capture_findings([one])
    assert (finding.code, finding.severity, finding.text) == ("frames-unopened", "info", "a.pcap: " + str(damage["text"]))
    assert capture_findings([one], 0)[0].severity is None  # the code's own: a warning
    more = {**capture(damage, {**damage, "count": 1, "text": "more"}), "packets": 1000}
    assert [finding.severity for finding in capture_findings([more])] == [None]
