"""Every situation of captures/situations: whole, described, equal to what its clients wrote down, and judged as its expect.json says."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analyzer.pipeline import Reading, judge
from analyzer.report.rows import json_lines
from analyzer.routes.topology import load_topology
from analyzer.studies.expectations import expectations_from, judged, unmet
from captures.lab import truth
from captures.lab.catalogue import captures_of
from captures.lab.situations import SITUATIONS
from captures.lab.situations.record import write_expectation
from tests.captures.holds import amiss
from tests.conftest import ROOT
from tests.engine import reading
from tests.facts.settled import timeless

KEYS = {"facts": truth.FACTS, "whose": truth.WHOSE, "asked": truth.ASKED, "became": truth.BECAME}

FOLDER = ROOT / "captures" / "situations"
NAMED_BY_TOPOLOGY = ("proxy_name", "method")
SHOWN_BY_ANSWERS = ("protocol", "client_ip", "client_port", "server_ip", "server_port")


def wanted(name: str) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads((FOLDER / f"{name}.expect.json").read_text(encoding="utf-8"))
    return expected


@cache
def read_of(name: str) -> Reading:
    """What the engine reads of the situation's files together, with its topology."""
    expected = wanted(name)
    own = {True: ROOT / "captures" / "topology.toml", False: None}
    path = FOLDER / expected["topology"] if isinstance(expected["topology"], str) else own[expected["topology"]]
    return reading(*(str(FOLDER / file) for file in expected["files"]), topology=load_topology(path))


def told_rows(name: str) -> list[dict[str, Any]]:
    """The flows of those who wrote the truth, in its times' words; not the copies behind a translation."""
    flows = read_of(name).flows
    rows = flows.cast(pa.schema([field.with_type(timeless(field.type)) for field in flows.schema])).to_pylist()
    servers = {end(row, "client"): end(row, "server") for row in truth_of(name)["connections"]}
    return [row for row in rows if servers.get(end(row, "client")) in (None, end(row, "server"))]


def end(row: dict[str, Any], which: str) -> tuple[str, int]:
    return row[f"{which}_ip"], row[f"{which}_port"]


def truth_of(name: str) -> dict[str, Any]:
    return truth.read(FOLDER / f"{name}.truth.json")


def keys_of(name: str, kind: str) -> tuple[str, ...]:
    """The keys to be compared: what only the laboratory's topology names, and what one direction doesn't show, left out."""
    if truth_of(name).get("one_direction") == "in":
        return SHOWN_BY_ANSWERS if kind == "facts" else ()
    named = wanted(name)["topology"] is True
    return tuple(key for key in KEYS[kind] if named or key not in NAMED_BY_TOPOLOGY)


def test_every_situation_is_committed_and_nothing_else() -> None:
    files = {file for name in SITUATIONS for file in wanted(name)["files"]}
    assert files == {path.name for path in FOLDER.glob("*.pcapng")}
    assert {path.name.partition(".")[0] for path in FOLDER.iterdir()} == {
        *SITUATIONS,
        *(file.partition(".")[0] for file in files),
        "README",
    }
    assert sum(path.stat().st_size for path in FOLDER.glob("*.pcapng")) < 8_000_000


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_is_expected_is_what_the_laboratory_says(name: str, tmp_path: Path) -> None:
    for capture in captures_of(FOLDER, name):
        (tmp_path / capture.name).touch()
    write_expectation(SITUATIONS[name], tmp_path)
    assert json.loads((tmp_path / f"{name}.expect.json").read_text()) == wanted(name)
    own = SITUATIONS[name].topology
    assert not isinstance(own, str) or (FOLDER / f"{name}.topology.toml").read_text() == own


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_page_has_the_capture_as_it_is(name: str) -> None:
    page = (FOLDER / "README.md").read_text()
    for file in wanted(name)["files"]:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{file}`"))
        assert hashlib.sha256((FOLDER / file).read_bytes()).hexdigest() in row
        assert SITUATIONS[name].scenario.shows in row
    assert f"| `{name}` | {SITUATIONS[name].verdict} |" in page


@pytest.mark.parametrize("name", SITUATIONS)
@pytest.mark.parametrize("kind", KEYS)
def test_the_engine_reads_what_the_clients_did(name: str, kind: str) -> None:
    keys = keys_of(name, kind)
    if keys:
        assert truth.differences(truth_of(name)["connections"], told_rows(name), keys) == []


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_verdict_says_what_happened(name: str) -> None:
    read = read_of(name)
    rows = [json.loads(row) for row in b"".join(json_lines(read.flows)).splitlines()]
    verdict = judge(read)
    found = amiss(wanted(name), rows, verdict)
    assert not found, "\n".join(found)
    assert [one["code"] for one in verdict["findings"] if one["expect"] and holds_already(one["expect"], verdict)] == []


def holds_already(expect: dict[str, Any], verdict: dict[str, Any]) -> bool:
    """Whether what must hold of the next capture holds of this one, so that it would show nothing."""
    return unmet(judged(expectations_from(expect), verdict)) == []


def test_no_path_of_a_machine_is_in_a_capture() -> None:
    for path in FOLDER.glob("*.pcapng"):
        assert b"/tmp/" not in path.read_bytes(), path.name
