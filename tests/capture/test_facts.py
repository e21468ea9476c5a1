"""What is known of an input, as plain data, and of two pieces of it together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.capture.facts import InputFacts, earliest, facts_from_json, facts_of, joined, taken_over
from analyzer.capture.source import Source
from tests.build import messy_capture


def read_source(path: Path) -> Source:
    path.write_bytes(messy_capture(3)[:-9])
    source = Source(str(path), path)
    for _ in source.blocks():
        pass
    source.read_sha256()
    source.note(3, 1, 0, 5)
    return source


def test_there_and_back(tmp_path: Path) -> None:
    source = read_source(tmp_path / "a.pcap")
    facts = facts_of(source)
    assert facts_from_json(json.loads(json.dumps(facts.as_json()))) == facts
    assert facts.source().as_dict() == source.as_dict()


def test_two_pieces_add_up() -> None:
    left = InputFacts("a", None, 3, 10, 20, (), ((1, 1, 0, 2),), 1, 0, 5)
    right = InputFacts("a", "ff", 4, 15, 40, (), ((1, 1, 0, 1), (2, 1, 0, 7)), 0, 1, 9)
    both = joined(left, right)
    assert (both.packets, both.first_ns, both.last_ns, both.sha256) == (7, 10, 40, "ff")
    assert (both.passed_over, both.cut_packets, both.clock_steps, both.longest_step_ns) == (((1, 1, 0, 3), (2, 1, 0, 7)), 1, 1, 9)
    assert earliest([None, None]) is None


def test_a_source_takes_over_what_others_read(tmp_path: Path) -> None:
    read = read_source(tmp_path / "a.pcap")
    source = Source(str(tmp_path / "a.pcap"), tmp_path / "a.pcap")
    source.read_sha256()
    taken_over(source, facts_of(read))
    assert source.as_dict() == read.as_dict() and source.taken() == source.size


@pytest.mark.parametrize("change", [{"packets": "3"}, {"name": 3}, {"first_ns": 1.5}])
def test_other_types_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        facts_from_json({**InputFacts("a").as_json(), **change})
