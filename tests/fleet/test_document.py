"""The whole document of a fleet that was planned: who wins, since when, what changed; as its schema says; whatever the folder's state."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from analyzer.errors import Unusable
from analyzer.fleet.document import history_of
from analyzer.routes.topology import Topology
from analyzer.services.catalogue import load_catalogue
from tests.conftest import ROOT
from tests.fleet.fleets import BOTH, STATIC, WINHTTP, date, small

SCHEMA = json.loads((ROOT / "docs" / "history.schema.json").read_text(encoding="utf-8"))
CATALOGUE = load_catalogue(())
PLANS = {
    "gw1": lambda source, day: WINHTTP,
    "gw2": lambda source, day: WINHTTP if day < 4 else STATIC,
    "gw3": lambda source, day: BOTH,
    "gw4": lambda source, day: WINHTTP if day < 4 or source else STATIC,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four gateways and seven days: gw2 and a source of gw4 change on the fifth, gw3 is silent after the fourth."""
    return small(tmp_path_factory.mktemp("fleet"), PLANS, 7, off={"gw3": range(4, 7)})


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    found, unusable = history_of(folder, Topology(), CATALOGUE)
    assert unusable == []
    return found


def winners(document: dict[str, Any], gateway: str, plane: str = "sensor") -> list[tuple[str, int, str]]:
    (found,) = (one for one in document["gateways"] if one["gateway"] == gateway)
    (of_plane,) = (one for one in found["planes"] if one["plane"] == plane)
    return [(one["name"], one["sources"], one["since"][:10]) for one in of_plane["winners"]]


def test_who_wins_where_and_since_when(document: dict[str, Any]) -> None:
    assert winners(document, "gw1") == [("PROX01", 2, date(0))]
    assert winners(document, "gw2") == [("PROX03", 2, date(4))]
    assert winners(document, "gw3") == [("PROX01", 2, date(0))]
    assert winners(document, "gw4") == [("PROX01", 1, date(0)), ("PROX03", 1, date(4))]


def test_what_changed_is_told_once(document: dict[str, Any]) -> None:
    (changed,) = (one for one in document["findings"] if one["code"] == "winner-changed")
    assert changed["gateways"] == ["gw2", "gw4"] and len(changed["client_ips"]) == 3
    assert "3 sources at 2 gateways (gw2 and gw4)" in changed["text"] and date(4) in changed["text"]
    silent = [one for one in document["findings"] if one["code"] == "gateway-silent"]
    assert [one["gateways"] for one in silent] == [["gw3"]] and document["findings"][0] is silent[0]
    assert [one["state"] for one in document["gateways"]] == ["reporting", "reporting", "silent", "reporting"]
    assert document["answers"][0].startswith("3 of 4 gateways report; silent: gw3 since ")
    assert [one["proxy"] for one in document["findings"] if one["code"] == "new-proxy"] == ["172.16.12.12:3128"]


def test_it_is_as_its_schema_says_and_nothing_else(document: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    check = Draft202012Validator(SCHEMA)
    assert [f"{error.json_path}: {error.message[:200]}" for error in check.iter_errors(document)] == []
    for key in document:
        assert list(check.iter_errors({other: value for other, value in document.items() if other != key}))
    assert list(check.iter_errors({**document, "more": 1}))


def test_the_same_rows_give_the_same_bytes_wherever_they_lie(document: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    """By files in another order, from another folder, with the jobs' own files beside them; no clock is asked."""
    for gateway in sorted(folder.iterdir(), reverse=True):
        shutil.copytree(gateway, tmp_path / "jobs" / gateway.name.removeprefix("gateway=") / "flows" / gateway.name)
    (tmp_path / "jobs" / "gw1" / "state").mkdir()
    (tmp_path / "jobs" / "gw1" / "state" / "witnesses-1").write_bytes(b"x")
    again, _ = history_of(tmp_path, Topology(), CATALOGUE)
    for key in ("gateways", "findings", "proxies", "answers", "window"):
        assert again[key] == document[key], key


def test_days_that_can_not_be_read_are_told_and_the_others_are_read(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "fleet")
    bad = next((tmp_path / "fleet" / "gateway=gw1" / f"date={date(2)}").glob("*.parquet"))
    bad.write_bytes(b"PAR1 and nothing more")
    found, unusable = history_of(tmp_path / "fleet", Topology(), CATALOGUE)
    assert [str(bad) in str(error) for error in unusable] == [True]
    assert winners(found, "gw1") == [("PROX01", 2, date(0))]
    for path in (tmp_path / "fleet").rglob("*.parquet"):
        path.write_bytes(b"x")
    with pytest.raises(Unusable, match="rows can't be read"):
        history_of(tmp_path / "fleet", Topology(), CATALOGUE)


def test_a_part_of_the_time_or_of_the_gateways(folder: Path, document: dict[str, Any]) -> None:
    start = 1_790_812_800 * 10**9 + 5 * 86_400 * 10**9
    found, _ = history_of(folder, Topology(), CATALOGUE, gateways=["gw2"], window=(start, None))
    assert [one["gateway"] for one in found["gateways"]] == ["gw2"]
    assert found["window"][0][:10] == date(5) and winners(found, "gw2") == [("PROX03", 2, date(5))]
    assert [one["code"] for one in found["findings"]] == []
    assert found["made_by"]["options"]["gateways"] == ["gw2"]
