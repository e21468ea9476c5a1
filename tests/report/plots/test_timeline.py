"""The timeline."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from analyzer.report.plots.canvas import to_svg
from analyzer.report.plots.timeline import eras_of, timeline
from tests.report import scenes
from tests.report.plots.pictures import texts, title_of, within_its_figure


def test_it_says_what_it_shows() -> None:
    axes = timeline(scenes.article())
    said = texts(axes)
    assert {
        "sensor",
        "▶ PROX03 · static",
        "3, 1 failed",
        "past the proxies",
        "1 blocked",
        "live response started",
        "no user logged on",
    } <= set(said)
    assert {"2024-05-01 UTC", "12:00:05"} <= set(said)
    assert "system: PROX01 · WinHTTP 3, 1 failed" in title_of(axes) and "Marks: 12:00:05 live response started" in title_of(axes)


@pytest.mark.parametrize("name", ["article", "silent", "empty", "timeless", "crowd", "hostile"])
def test_it_is_there_for_any_traffic_and_fits(name: str) -> None:
    axes = timeline(getattr(scenes, name)())
    assert texts(axes) and within_its_figure(axes)


@pytest.mark.parametrize("name", ["article", "crowd", "hostile"])
def test_names_of_rows_leave_room_for_their_planes(name: str) -> None:
    axes = timeline(getattr(scenes, name)())
    axes.figure.canvas.draw()
    boxes = {text: text.get_window_extent() for text in axes.texts if text.get_text()}
    planes = [box for text, box in boxes.items() if text.get_text() in ("sensor", "antivirus", "system", "user", "no plane")]
    rows = [box for text, box in boxes.items() if text.get_ha() == "right" and text.get_va() == "center"]
    assert planes and rows
    assert max(box.x1 for box in planes) < min(box.x0 for box in rows)


def test_a_change_over_time_is_seen_and_said() -> None:
    scene = scenes.changing()
    assert [era["name"] for era in eras_of(scene, None)["sensor"]] == ["PROX01", "PROX03"]
    axes = timeline(scene)
    assert "since 12:00:06" in texts(axes)
    assert "sensor changed: PROX01 until 12:00:05, then PROX03" in title_of(axes)
    bands = [line.get_color() for line in axes.lines if line.get_linewidth() == 3.2]
    assert bands == [scene.colours["172.16.12.10:3128"], scene.colours["172.16.12.12:3128"]]
    assert eras_of(scenes.article(), None) == {} and "since" not in " ".join(texts(timeline(scenes.article())))


def test_no_mark_of_a_winner_stands_on_what_went_past_the_proxies() -> None:
    assert "▶ past the proxies" not in texts(timeline(scenes.silent()))


def test_bars_stand_where_requests_were_carried() -> None:
    """As far apart as the requests were: one a second."""
    axes = timeline(scenes.article())
    (bars,) = [
        line for line in axes.lines if line.get_linewidth() == 2.0 and line.get_color() == scenes.article().colours["172.16.12.12:3128"]
    ][:1]
    seconds = (bars.get_xdata()[::3] - bars.get_xdata()[0]) * 86_400
    assert [round(float(second)) for second in seconds] == [0, 1, 2, 3, 4, 5]
    crosses = [line for line in axes.lines if line.get_marker() == "x" and len(line.get_xdata())]
    assert [len(line.get_xdata()) for line in crosses] == [1, 1]


def test_a_hole_in_the_capture_is_hatched() -> None:
    scene = scenes.scene_of(scenes.article().flows)
    gap = {"code": "capture-gap", "first_seen": "2024-05-01T12:00:02.000000000Z", "last_seen": "2024-05-01T12:00:04.000000000Z"}
    scene.verdict["findings"].append(gap)
    assert [patch.get_hatch() for patch in timeline(scene).patches] == ["////"]


def test_one_source_and_axes_of_the_callers_own() -> None:
    axes = Figure().add_subplot()
    assert timeline(scenes.crowd(), "10.0.3.7", axes) is axes
    assert title_of(axes).startswith("Timeline of 10.0.3.7,")


def test_50_000_flows_are_no_larger_a_picture() -> None:
    scene = scenes.fifty_thousand()
    timeline(scene)
    svg = to_svg(timeline(scene))
    assert len(svg) < 200_000


def test_no_two_ticks_say_the_same_time() -> None:
    for scene in (scenes.silent(), scenes.article(), scenes.site(12)):
        axes = timeline(scene)
        axes.figure.canvas.draw()
        ticks = [text.get_text() for text in axes.get_xticklabels()]
        assert len(set(ticks)) == len(ticks) > 1 and not any(tick.endswith(".") for tick in ticks), ticks
