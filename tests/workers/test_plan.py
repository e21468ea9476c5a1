"""Which run reads which file: every file in one, those that go on over a moment in two."""

from __future__ import annotations

from pathlib import Path

from analyzer.capture.facts import InputFacts
from analyzer.capture.inputs import open_inputs
from analyzer.capture.source import Source
from analyzer.workers.plan import FileRun, can_be_shared_out, cuts_of, ends_of, overlapping, runs_of
from tests.build import pcap
from tests.parts.rotated import files_of, talks


def sources_in(*paths: Path) -> list[Source]:
    return open_inputs([str(path) for path in paths]).sources


def test_every_file_is_told_of_once(tmp_path: Path) -> None:
    paths = [path for gw in range(2) for path in files_of(talks(gw, 10), 8, tmp_path / f"gw{gw}", "a")]
    runs = runs_of(sources_in(*paths), 2, run_bytes=1000)
    told = [name for run in runs for name, *_ in run.files if name not in run.again]
    assert sorted(told) == sorted(map(str, paths))
    assert [run.after_ns for run in runs[1:]] == [run.before_ns for run in runs[:-1]]


def test_what_is_small_or_has_no_time_is_one_run(tmp_path: Path) -> None:
    paths = files_of(talks(0, 4), 4, tmp_path, "a")
    assert len(runs_of(sources_in(*paths), 4)) == 1
    (tmp_path / "b.pcap").write_bytes(pcap([]))
    assert len(runs_of(sources_in(*paths, tmp_path / "b.pcap"), 4, run_bytes=100)) == 1


def test_only_files_of_their_own_are_shared_out(tmp_path: Path) -> None:
    paths = files_of(talks(0, 4), 2, tmp_path, "a")
    assert can_be_shared_out(sources_in(*paths))
    assert not can_be_shared_out(sources_in(paths[0]))
    with paths[1].open("rb") as file:
        assert not can_be_shared_out([*sources_in(paths[0]), Source("stream", file=file)])


def test_a_cut_is_between_files_where_one_is_near() -> None:
    sources = [Source(f"a{i}.pcap") for i in range(4)]
    starts = [0, 10, 20, 30]
    ends = ends_of(sources, starts, [0, 1, 2, 3])
    assert ends[:3] == [10, 20, 30]
    assert [(cut.place, cut.clean) for cut in cuts_of([0, 1, 2, 3], [5] * 4, starts, ends, 2)] == [(2, True)]


def test_a_file_that_went_on_further_than_was_thought_is_seen() -> None:
    runs = [FileRun((("a", "a"),)), FileRun((("b", "b"),))]
    facts = [InputFacts("a", first_ns=0, last_ns=10**10), InputFacts("b", first_ns=5 * 10**9, last_ns=2 * 10**10)]
    assert overlapping(runs, facts)
    assert not overlapping(runs, [InputFacts("a", first_ns=0, last_ns=5 * 10**9), facts[1]])
