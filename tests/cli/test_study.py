"""`study`: what it prints, what it writes, and what its exit code says."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli.study import default_output
from tests.cli.conftest import Whichproxy
from tests.conftest import ROOT


@pytest.fixture
def study(capture: Path, topology: Path) -> Path:
    path = capture.parent / "ours.toml"
    path.write_text(
        f'topology = "{topology.name}"\n[[test]]\ntitle = "WinHTTP alone"\ncaptures = ["{capture.name}"]\nconfigured = ["winhttp"]\n'
        '[test.expect]\nwinner = { "plane:sensor" = "winhttp" }\n',
        encoding="utf-8",
    )
    return path


READING = """
import analyzer, jinja2, matplotlib.figure, matplotlib.dates, matplotlib.backends.backend_svg, pandas
from pathlib import Path
for capture in sorted(Path("captures").glob("*.pcapng")):
    analyzer.read(capture, topology="captures/topology.toml")
"""


def test_a_study_and_its_page_cost_at_most_twice_their_reading_and_libraries(tmp_path: Path) -> None:
    """In processor time, which other work on the machine doesn't change; about 1.2 times when this was written."""

    def spent(*command: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    page, reading = tmp_path / "study.html", spent("-c", READING)
    assert spent("-m", "analyzer", "study", "captures/study.toml", "-o", str(page)) <= 2 * reading
    assert page.stat().st_size > 100_000


def test_it_prints_a_summary_and_writes_the_whole_beside_the_study(study: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("study", study)
    assert ended.code == 0
    assert ended.out.startswith("ours\nSensor: WinHTTP in 1 test. Live response timed out in 1 test. The expectation held.\n")
    written = Path(default_output(str(study)))
    assert written.parent == study.parent and written.stem == "ours" and written.stat().st_size > 1000
    assert ended.lines == [f"whichproxy: wrote {written}: 1 test, 1 of 1 expectation met"]


def test_json_is_the_document_and_no_file(study: Path, whichproxy: Whichproxy) -> None:
    ended = whichproxy("study", study, "--json")
    assert json.loads(ended.out)["tests"][0]["title"] == "WinHTTP alone" and ended.err == ""
    assert not Path(default_output(str(study))).exists()
    assert whichproxy("study", study, "-o", study.with_suffix(".json"), "--quiet").err == ""
    assert json.loads(study.with_suffix(".json").read_text(encoding="utf-8")) == json.loads(ended.out)


def test_times_are_shown_in_the_zone_that_is_asked_for(study: Path, whichproxy: Whichproxy) -> None:
    """In sentences and on the page; JSON stays as it is."""
    shown = study.read_text(encoding="utf-8").replace(
        "[test.expect]", '[[test.mark]]\nat = 2024-05-01T12:00:05Z\nwhat = "here"\n[test.expect]'
    )
    study.write_text(shown, encoding="utf-8")
    page = study.with_suffix(".html")
    assert whichproxy("study", study, "--tz", "America/New_York").code == 0
    text = page.read_text(encoding="utf-8")
    assert "08:00:05" in text and "times are America/New_York" in text and "12:00:05" not in text.split('id="flow-data"')[0]
    assert whichproxy("study", study, "--json", "--tz", "America/New_York").out == whichproxy("study", study, "--json").out
    ended = whichproxy("study", study, "--tz", "Europe/Berlim")
    assert ended.code == 2 and "Europe/Berlin" in ended.err


def test_an_unmet_expectation_is_1_and_a_line(study: Path, whichproxy: Whichproxy) -> None:
    study.write_text(study.read_text(encoding="utf-8").replace('= "winhttp" }', '= "static" }'), encoding="utf-8")
    ended = whichproxy("study", study, "--quiet")
    assert ended.code == 1
    (line,) = ended.lines
    assert line.startswith(
        "whichproxy: 1. WinHTTP alone: expected static to win for sensor, but WORKSTATION (172.16.11.92) shows PROX01 (WinHTTP)"
    )


def test_mistakes_are_2_and_a_line_each(study: Path, whichproxy: Whichproxy) -> None:
    study.write_text('[[test]]\ntitle = 1\ncaptures = ["gone.pcap"]\n', encoding="utf-8")
    ended = whichproxy("study", study)
    assert ended.code == 2 and ended.out == ""
    assert [line.partition(": [[test]] 1, ")[2].partition(" ")[0] for line in ended.lines] == ["title", "captures"]


def test_the_study_itself_is_not_overwritten(study: Path, whichproxy: Whichproxy) -> None:
    twin = study.with_suffix(".md")
    study.rename(twin)
    ended = whichproxy("study", twin, "-o", twin)
    assert ended.code == 2 and "is one of the inputs" in ended.err


def test_a_bad_capture_among_good_ones_is_2_after_the_results(study: Path, whichproxy: Whichproxy) -> None:
    (study.parent / "bad.pcap").write_bytes(b"x" * 100)
    study.write_text(study.read_text(encoding="utf-8").replace('captures = ["', 'captures = ["bad.pcap", "'), encoding="utf-8")
    ended = whichproxy("study", study, "--quiet")
    assert ended.code == 2 and "1 test." in ended.out and "bad.pcap: not a capture" in ended.err


def test_another_topology_may_be_given(study: Path, topology: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    other = tmp_path / "other.toml"
    other.write_text(topology.read_text(encoding="utf-8").replace('"PROX01"', '"OTHER"'), encoding="utf-8")
    assert "OTHER" in whichproxy("study", study, "--topology", other, "--quiet").out


def test_init_writes_a_study_and_never_over_one(capture: Path, topology: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    new = tmp_path / "new.toml"
    ended = whichproxy("study", "init", capture, "-o", new)
    assert (ended.code, ended.out) == (0, f"{new}\n") and ended.lines[0].endswith(f"then whichproxy study {new}")
    ran = whichproxy("study", new, "--quiet")
    assert ran.code == 0 and ran.err == "" and "PROX01" in ran.out
    again = whichproxy("study", "init", "-o", new)
    assert again.code == 2 and "is there already" in again.err and "sensor.pcap" in new.read_text(encoding="utf-8")


def test_init_writes_nothing_where_a_capture_is_none(topology: Path, tmp_path: Path, whichproxy: Whichproxy) -> None:
    for given in (topology, tmp_path / "gone.pcap", "-"):
        ended = whichproxy("study", "init", given, "-o", tmp_path / "new.toml")
        assert ended.code == 2 and len(ended.lines) == 1 and ended.out == ""
    assert not (tmp_path / "new.toml").exists()
