"""`flows`: the same table in every format."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from analyzer.tables import FLOW_SCHEMA
from tests.cli.conftest import Whichproxy
from tests.cli.test_report import on_a_terminal


def test_piped_it_is_json_lines(capture: Path, topology: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("flows", capture, "--topology", topology)
    (row,) = map(json.loads, ended.out.splitlines())
    assert ended.code == 0 and list(row) == FLOW_SCHEMA.names
    assert row["proxy_name"] == "PROX01" and row["service"] == "edr-command-and-control" and row["plane"] == "sensor"


def test_on_a_terminal_it_is_a_table(capture: Path) -> None:
    seen = on_a_terminal("flows", capture, COLUMNS="80", TERM="xterm").splitlines()
    assert seen[0].split()[:3] == ["first_seen", "client_ip", "host"] and "172.16.11.92" in seen[2]
    assert max(map(len, seen)) <= 80


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "ndjson", "parquet", "txt"])
def test_the_suffix_says_how(suffix: str, capture: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    out = tmp_path / f"flows.{suffix}"
    ended = whichproxy("flows", capture, "-o", out)
    assert (ended.code, ended.out) == (0, "")
    host = "winatp-gw-neu.microsoft.com"
    if suffix == "parquet":
        table = pq.read_table(out)
        assert table.schema.equals(FLOW_SCHEMA) and table.column("host").to_pylist() == [host]
    elif suffix == "csv":
        assert [row["host"] for row in csv.DictReader(io.StringIO(out.read_text(encoding="utf-8")))] == [host]
    elif suffix == "txt":
        assert host in out.read_text(encoding="utf-8")
    else:
        assert json.loads(out.read_text(encoding="utf-8"))["host"] == host


def test_format_beats_the_suffix_and_works_on_stdout(capture: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    assert whichproxy("flows", capture, "--format", "csv").out.startswith("id,capture,")
    assert whichproxy("flows", capture, "--format", "table").out.startswith("first_seen")
    whichproxy("flows", capture, "--format", "csv", "-o", tmp_path / "flows.txt")
    assert (tmp_path / "flows.txt").read_text(encoding="utf-8").startswith("id,capture,")


def test_parquet_keeps_what_each_column_means(capture: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    whichproxy("flows", capture, "-o", tmp_path / "f.parquet")
    assert pq.read_schema(tmp_path / "f.parquet").field("host").metadata[b"meaning"].startswith(b"who was asked for")


def test_by_the_names_of_ecs(capture: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("flows", capture, "--format", "ecs")
    assert ended.code == 0 and json.loads(ended.out)["source.ip"] == "172.16.11.92"
    assert whichproxy("flows", capture, "--format", "ecs", "-o", tmp_path / "x.jsonl").code == 0
    assert (tmp_path / "x.jsonl").read_text(encoding="ascii") == ended.out
    refused = whichproxy("flows", capture, "--format", "ecs", "--columns", "host")
    assert refused.code == 2 and "ECS has fields of its own" in refused.err


def test_as_zeek_has_it(capture: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("flows", capture, "--format", "zeek")
    assert ended.code == 0 and ended.out.startswith("#separator \\x09\n") and "\tid.orig_h\t" in ended.out
    assert whichproxy("flows", capture, "--format", "zeek", "-o", tmp_path / "conn.log").code == 0
    assert (tmp_path / "conn.log").read_text(encoding="ascii") == ended.out
    refused = whichproxy("flows", capture, "--format", "zeek", "--columns", "host")
    assert refused.code == 2 and "Zeek has fields of its own" in refused.err
