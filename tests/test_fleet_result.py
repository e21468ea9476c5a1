"""A fleet's history in Python."""

from __future__ import annotations

from pathlib import Path

import pytest

import analyzer
from tests.fleet.fleets import STATIC, WINHTTP, date, small


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("fleet"), {"gw": lambda source, day: WINHTTP if day < 2 else STATIC}, 4, sources=1)


def test_the_history_as_frames_and_files(folder: Path, tmp_path: Path) -> None:
    fleet = analyzer.history(folder)
    frame = fleet.to_frame()
    sensor = frame[(frame.plane == "sensor") & frame.service.isna()]
    assert sensor.proxy_name.tolist() == ["PROX01", "PROX03"] and sensor["last"].tolist() == [False, True]
    assert sensor.gateway.unique().tolist() == ["gw"] and str(sensor.first_seen.iloc[1])[:10] == date(2)
    assert {"winner-changed", "new-proxy"} <= set(fleet.findings.code) and fleet.findings.gateways.iloc[0] == ["gw"]
    assert fleet.gateways.date.tolist() == [date(day) for day in range(4)] and fleet.unusable == ()
    fleet.report(tmp_path / "fleet.html")
    assert "PROX03" in (tmp_path / "fleet.html").read_text(encoding="utf-8")
    assert "PROX03" in str(fleet) and "gateway reports" in repr(fleet) and fleet._repr_html_().startswith("<p>")
    copy = fleet.to_dict()
    copy["gateways"].clear()
    assert fleet.to_dict()["gateways"]
    # The name of the function stays the function's, whatever was imported.
    assert callable(analyzer.history)


def test_times_are_as_for_captures(folder: Path) -> None:
    later = analyzer.history(str(folder), start=f"{date(2)}T00:00:00Z")
    assert len(later.gateways) == 2
    with pytest.raises(analyzer.Unusable):
        analyzer.history(folder, start="yesterday")
    with pytest.raises(analyzer.Unusable):
        analyzer.history(folder).report("fleet.xlsx")
