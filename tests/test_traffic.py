"""Traffic from a DataFrame of flows: no capture is needed for a verdict."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

import analyzer
from analyzer.report.frames import frame_of
from analyzer.traffic import from_frame, is_frame
from tests import build
from tests.report.flow_rows import flow, table

FLOWS = table(*[flow(n) for n in range(4)])


@pytest.fixture
def traffic() -> analyzer.Traffic:
    return analyzer.read(frame_of(FLOWS))


def test_the_verdict_of_a_frame(traffic: analyzer.Traffic) -> None:
    assert traffic.table.equals(FLOWS)
    assert repr(traffic) == "<Traffic: 4 flows from 0 captures>"
    assert repr(traffic.verdict) == "<Verdict: 172.16.11.92: PROX03 (static) won for sensor.>"
    assert traffic.verdict.to_dict()["sources"][0]["planes"][0]["winner_name"] == "PROX03"
    assert traffic.verdict.to_frame().winner_name.tolist() == ["PROX03"]
    assert traffic.findings.code.tolist() == ["required-unseen"]


def test_the_verdict_shows_itself_everywhere(traffic: analyzer.Traffic) -> None:
    sink = StringIO()
    Console(file=sink, width=80).print(traffic.verdict)
    assert sink.getvalue().startswith("172.16.11.92: PROX03 (static) won for sensor.")
    assert str(traffic.verdict).startswith("172.16.11.92: PROX03 (static) won for sensor.")
    assert traffic.verdict._repr_html_().startswith("<div><p><strong>172.16.11.92: PROX03")
    assert traffic._repr_html_().startswith("<p>Traffic: 4 flows from 0 captures</p><div><p><strong>172.16.11.92: PROX03")


def test_a_dict_given_out_is_the_callers_own(traffic: analyzer.Traffic) -> None:
    traffic.verdict.to_dict()["sources"].clear()
    assert traffic.verdict.to_dict()["sources"]


def test_a_topology_names_the_proxies_anew(tmp_path: Path, traffic: analyzer.Traffic) -> None:
    path = tmp_path / "t.toml"
    path.write_text('[[proxy]]\nname = "OURS"\naddress = "172.16.12.12"\nmethod = "pac"\n', encoding="utf-8")
    named = analyzer.read(traffic.flows, topology=path)
    assert named.flows.proxy_name.unique().tolist() == ["OURS"]
    assert repr(named.verdict) == "<Verdict: 172.16.11.92: OURS (PAC) won for sensor (likely).>"


def test_a_catalogue_tags_the_flows_anew(tmp_path: Path, traffic: analyzer.Traffic) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[[rule]]\npattern = "*.endpoint.security.microsoft.com"\nservice = "smartscreen"\n', encoding="utf-8")
    assert analyzer.read(traffic.flows, catalogue=path).flows.service.unique().tolist() == ["smartscreen"]


@pytest.mark.parametrize(
    "start", ["2024-05-01T12:00:02Z", datetime(2024, 5, 1, 12, 0, 2, tzinfo=UTC), pd.Timestamp("2024-05-01T12:00:02Z")]
)
def test_a_window_keeps_the_flows_that_began_in_it(start: object, traffic: analyzer.Traffic) -> None:
    kept = analyzer.read(traffic.flows, start=start, end="2024-05-01T12:00:03Z")  # type: ignore[arg-type]
    assert kept.flows.id.tolist() == [f"{2:016x}"]


def test_mistakes_are_unusable(traffic: analyzer.Traffic) -> None:
    with pytest.raises(analyzer.Unusable, match="start: a datetime without a time zone"):
        analyzer.read(traffic.flows, start=datetime(2024, 5, 1))
    with pytest.raises(analyzer.Unusable, match="int is no time"):
        analyzer.read(traffic.flows, start=3)  # type: ignore[arg-type]
    with pytest.raises(analyzer.Unusable, match="int is no capture"):
        analyzer.read(3)  # type: ignore[arg-type]
    with pytest.raises(analyzer.Unusable, match="NoneType is no capture"):
        analyzer.read([None])  # type: ignore[list-item]
    with pytest.raises(analyzer.Unusable, match="an empty list"):
        analyzer.read([])
    with pytest.raises(analyzer.WhichproxyError, match=r"no report is written as \.pdf"):
        traffic.report("x.pdf")
    with pytest.raises(analyzer.Unusable, match="have no name"):
        traffic.report("x.ipynb")


def test_a_report_is_written_by_its_suffix(tmp_path: Path, traffic: analyzer.Traffic) -> None:
    traffic.report(tmp_path / "out.md")
    traffic.report(str(tmp_path / "out.json"))
    traffic.report(tmp_path / "out.html")
    assert "PROX03 (static) won for sensor" in (tmp_path / "out.html").read_text(encoding="utf-8")
    assert (tmp_path / "out.md").read_text(encoding="utf-8").startswith("# Which proxy won")
    assert (tmp_path / "out.json").read_text(encoding="utf-8").startswith('{\n "schema": 2')


def test_a_frame_is_known_for_one() -> None:
    assert is_frame(pd.DataFrame()) and not is_frame([]) and not is_frame("x.pcap")
    with pytest.raises(analyzer.Unusable, match="no column id"):
        from_frame(pd.DataFrame(), None, [], None, None)


def test_lookups_of_a_capture_and_of_a_frame(traffic: analyzer.Traffic, tmp_path: Path) -> None:
    ends = ("172.16.11.92", 50053), ("172.16.11.1", 53)
    question = build.udp(*ends, build.dns_query("asked.example"))
    path = tmp_path / "dns.pcap"
    path.write_bytes(build.pcap([(10**18, build.ethernet(build.ip(ends[0][0], ends[1][0], 17, question, id=1)))], nanosecond=True))
    found = analyzer.read(path)
    assert found.lookups.name.tolist() == ["asked.example"] and found.lookups.flow.tolist() == found.flows.id.tolist()
    assert traffic.lookups.empty and traffic.lookups.columns.tolist() == found.lookups.columns.tolist()
