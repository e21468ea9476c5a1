"""What is shown of a report and of the flow table: filters, columns, order, zone, and what -o says."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.build import pcap
from tests.cli.conftest import Whichproxy, tunnel
from tests.cli.test_report import on_a_terminal

HOSTS = ("winatp-gw-neu.microsoft.com", "wdcp.microsoft.com")


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """The sensor through one proxy, cloud protection through another."""
    path = tmp_path / "two.pcap"
    frames = [*tunnel().frames, *tunnel(HOSTS[1], 1, "172.16.12.11").frames, *tunnel(HOSTS[1], 2, "172.16.12.11").frames]
    path.write_bytes(pcap(frames))
    return path


def test_a_report_on_a_part(two: Path, topology: Path, whichproxy: Whichproxy) -> None:
    document = json.loads(whichproxy("report", two, "--topology", topology, "--json", "--proxy", "prox01").out)
    assert [proxy["name"] for proxy in document["proxies"]] == ["PROX01"]
    assert [row["service"] for row in document["sources"][0]["services"]] == ["edr-command-and-control"]
    text = whichproxy("report", two, "--service", "cloud-protection", "--source", "172.16.11.0/24").out
    assert "cloud-protection" in text and "edr-command-and-control" not in text


def test_what_is_judged_stays_whole(two: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    expect = tmp_path / "expect.toml"
    expect.write_text('[test.expect]\nwinner = { "edr-command-and-control" = "172.16.12.10:3128" }\n', encoding="utf-8")
    assert whichproxy("report", two, "--service", "cloud-protection", "--expect", expect).code == 0


@pytest.mark.parametrize("suffix", ["html", "md", "json"])
def test_a_file_has_the_part_too(suffix: str, two: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    whole, part = tmp_path / f"whole.{suffix}", tmp_path / f"part.{suffix}"
    assert whichproxy("report", two, "-o", whole).code == 0
    ended = whichproxy("report", two, "--source", "172.16.11.92", "--service", "cloud-protection", "-o", part)
    assert (ended.code, ended.out) == (0, "") and len(ended.lines) == 1
    assert ended.err.startswith(f"whichproxy: wrote {part}: 172.16.11.92: ")
    counts = [path.read_text(encoding="utf-8").count("edr-command-and-control") for path in (whole, part)]
    assert "cloud-protection" in part.read_text(encoding="utf-8") and counts[0] > counts[1]


def test_quiet_says_nothing_of_what_was_written(two: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    assert whichproxy("report", two, "-q", "-o", tmp_path / "out.md").err == ""
    assert whichproxy("flows", two, "-q", "-o", tmp_path / "out.csv").err == ""
    assert whichproxy("flows", two, "-o", tmp_path / "out.csv").lines == [f"whichproxy: wrote {tmp_path / 'out.csv'}: 3 flows"]


@pytest.mark.parametrize("verb", ["report", "flows"])
@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--source", "WORKSTATIO", "no source 'WORKSTATIO' was seen; did you mean WORKSTATION?"),
        ("--service", "cloudprotection", "'cloudprotection' is no service; did you mean cloud-protection?"),
        ("--proxy", "172.16.12.10:8080", "no proxy '172.16.12.10:8080' was seen; did you mean 172.16.12.10:3128?"),
    ],
)
def test_unknown_values_are_one_line(
    verb: str, option: str, value: str, told: str, two: Path, topology: Path, whichproxy: Whichproxy
) -> None:
    ended = whichproxy(verb, two, "--topology", topology, option, value)
    assert (ended.code, ended.out, ended.lines) == (2, "", [f"whichproxy: {option}: {told}"])


def test_what_cant_follow_a_choice_is_refused(two: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    assert whichproxy("report", two, "--source", "172.16.11.92", "-o", tmp_path / "x.ipynb").code == 2
    assert "leave --source and --service out" in whichproxy("report", two, "--allow", "plain", "--source", "172.16.11.92").err
    both = whichproxy("report", two, "--allow", "plain", "--proxy", "172.16.12.10:3128", "--proxy", "172.16.12.11:3128")
    assert both.code == 0 and "# 172.16.12.10:3128" in both.out and "# 172.16.12.11:3128" in both.out


def test_flows_of_a_part_with_columns_in_an_order(two: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy(
        "flows", two, "--columns", "client_port,host", "--sort", "-client_port", "--limit", "2", "--service", "cloud-protection"
    )
    assert [json.loads(line) for line in ended.out.splitlines()] == [
        {"client_port": 50_002, "host": HOSTS[1]},
        {"client_port": 50_001, "host": HOSTS[1]},
    ]
    text = whichproxy("flows", two, "--columns", "host,id", "--format", "csv").out
    assert next(csv.DictReader(io.StringIO(text))).keys() == {"host", "id"}
    assert whichproxy("flows", two, "--limit", "0").code == 2
    mistaken = whichproxy("flows", two.with_name("absent.pcap"), "--columns", "hots")
    assert mistaken.code == 2 and mistaken.lines == ["whichproxy: --columns: 'hots' is no column; did you mean host?"]


def test_chosen_columns_are_all_there_on_a_narrow_terminal(two: Path) -> None:
    lines = on_a_terminal("flows", two, "--columns", "requests,host,user_agent,id", COLUMNS="80", TERM="xterm").splitlines()
    assert lines[0].split() == ["requests", "host", "user_agent", "id"] and max(map(len, lines)) <= 80


def test_times_for_people_are_in_the_zone_and_those_for_machines_are_not(two: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    utc, there = (whichproxy("report", two, "--tz", tz).out for tz in ("UTC", "Asia/Kolkata"))
    assert "2023-11-14 22:13:20" in utc and "UTC" in utc
    assert "2023-11-15 03:43:20" in there and "Asia/Kolkata" in there and "UTC" not in there and "22:13" not in there
    assert whichproxy("report", two, "--tz", "Asia/Kolkata", "--json").out == whichproxy("report", two, "--json").out
    assert whichproxy("flows", two, "--tz", "Asia/Kolkata").out == whichproxy("flows", two).out
    assert "03:43:20" in whichproxy("flows", two, "--tz", "Asia/Kolkata", "--format", "table").out
    whichproxy("report", two, "--tz", "Asia/Kolkata", "-o", tmp_path / "out.md")
    assert "2023-11-15 03:43:20" in (tmp_path / "out.md").read_text(encoding="utf-8")
    assert whichproxy("report", two, "--tz", "Asia/Colcata").code == 2


def test_a_window_without_a_packet_tells_the_span(two: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("report", two, "--start", "2024-01-01T00:00:00Z")
    assert ended.code == 2 and len(ended.lines) == 1 and "they go from 2023-11-14T22:13:20" in ended.err
