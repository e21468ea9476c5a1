"""A policy that takes effect: one test's capture followed by another's, a minute between them."""

from __future__ import annotations

import io
from typing import Any

import pytest

import analyzer
from tests.build.altered import frames_in, written
from tests.conftest import ROOT

MINUTE = 60 * 10**9


def joined(first: str, second: str) -> dict[str, Any]:
    """The verdict over both captures, the second moved to a minute after the first."""
    before, after = (frames_in(ROOT / "captures" / f"{name}.pcapng") for name in (first, second))
    shift = before[-1][0] + MINUTE - after[0][0]
    capture = io.BytesIO(written([*before, *((ts_ns + shift, *rest) for ts_ns, *rest in after)]))
    result: dict[str, Any] = analyzer.read([capture], topology=ROOT / "captures" / "topology.toml").verdict.to_dict()
    return result


@pytest.mark.parametrize(
    ("first", "second", "old", "new"),
    [
        ("T2-winhttp-wininet", "T5-all-three", "PROX01", "PROX03"),
        ("T4-static", "T1-winhttp", "PROX03", "PROX01"),
        ("T3b-wininet-user", "T6-static-wininet", "PROX02", "PROX03"),
    ],
)
def test_the_change_its_time_and_the_winners_since(first: str, second: str, old: str, new: str) -> None:
    document = joined(first, second)
    (source,) = document["sources"]
    planes = {entry["plane"]: entry for entry in source["planes"]}
    for name in ("sensor", "antivirus"):
        assert [era["name"] for era in planes[name]["eras"]] == [old, new]
        assert (planes[name]["winner_name"], planes[name]["asked_name"], planes[name]["confidence"]) == (new, new, "certain")
    assert all(len(entry["eras"]) == 1 for name, entry in planes.items() if name not in ("sensor", "antivirus"))
    (change,) = [finding for finding in document["findings"] if finding["code"] == "winner-changed"]
    assert change["text"].startswith("WORKSTATION: sensor and antivirus went through ") and change["first_seen"] < change["last_seen"]
    assert all(row["over"] == planes[row["plane"]]["asked_method"] for row in source["precedence"]), "of the last era only"


def test_the_same_test_twice_is_no_change() -> None:
    document = joined("T5-all-three", "T5-all-three")
    assert all(len(plane["eras"]) == 1 for source in document["sources"] for plane in source["planes"])
    assert "winner-changed" not in {finding["code"] for finding in document["findings"]}
