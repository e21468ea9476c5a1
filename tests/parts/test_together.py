"""Many parts, in whatever order they are given, are the flow table of one pass."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from analyzer.capture.inputs import open_inputs
from analyzer.errors import Unusable
from analyzer.flows.layout import ARENA_USED, POOL_USED, STORE_USED
from analyzer.parts.file import part_bytes, part_of
from analyzer.parts.partial import Partial
from analyzer.parts.together import check_apart, in_order, together
from analyzer.reading import part_of_captures
from analyzer.tables import FLOW_COLUMNS
from tests.engine import reading
from tests.parts.rotated import files_of, secret, talks
from tests.pieces import differences, finish


def parts_of(paths: list[Path]) -> list[bytes]:
    return [part_bytes(part_of_captures(open_inputs([str(path)]).sources)) for path in paths]


def test_a_part_for_each_file_of_three_gateways_in_any_order(tmp_path: Path) -> None:
    paths = [path for gw in range(3) for path in files_of(talks(gw, 8, answered=gw == 1), 6, tmp_path / f"gw{gw}", "ring")]
    data = parts_of(paths)
    random.Random(1).shuffle(data)
    parts = [part_of(one, "part") for one in data]
    whole = together(parts)
    expected = reading(*map(str, paths)).flows
    table = finish(whole)
    same = [column.name for column in FLOW_COLUMNS if column.stage in ("flows", "facts") and column.name != "requests"]
    assert differences(expected.select(same), table.select(same)) == []
    assert [min(s for s in part.starts if s is not None) for part in in_order(parts)] == sorted(p.starts[0] for p in parts)  # type: ignore[type-var]


def test_no_part_holds_payload_of_any_flow(tmp_path: Path) -> None:
    paths = files_of(talks(0, 8), 12, tmp_path, "ring")
    parts = [part_of(one, "part") for one in parts_of(paths)]
    unread = [
        b"".join(
            getattr(part.tables, name)[: int(part.tables.counts[used])].tobytes()
            for name, used in (("store", STORE_USED), ("arena", ARENA_USED), ("pool", POOL_USED))
        )
        for part in parts
    ]
    said = {secret(i, k)[at : at + 16] for i in range(9) for k in range(9) for at in range(0, 680, 40)}
    whole = b"".join(path.read_bytes() for path in paths)
    assert sum(piece in whole for piece in said) > 500
    assert [piece for piece in said if any(piece in data for data in unread)] == []


def test_what_two_gateways_recorded_at_the_same_time_is_said(tmp_path: Path) -> None:
    """Parts hold no packets to compare: what was captured at two points counts twice, and a finding says so."""
    (one,) = files_of(talks(0, 6), 1, tmp_path / "gw1", "ring")
    (other,) = files_of([(ts + 3_000, *rest) for ts, *rest in talks(0, 6)[20:] + talks(1, 4)], 1, tmp_path / "gw2", "ring")  # type: ignore[misc]
    parts = [part_of_captures(open_inputs([str(path)]).sources) for path in (one, other)]
    said = [damage for facts in together(parts).inputs for damage in facts.damage]
    begun_in_both = sum(ts >= talks(0, 6)[20][0] and frame[47] & 0x3F == 2 for ts, frame, *_ in talks(0, 6))
    assert [(damage.code, damage.count) for damage in said] == [("duplicated-packets", begun_in_both)]
    assert "count twice" in said[0].text and begun_in_both >= 3
    halves = files_of(talks(0, 6), 2, tmp_path / "gw3", "ring")
    cut = [part_of_captures(open_inputs([str(path)]).sources) for path in halves]
    assert [damage for facts in together(cut).inputs for damage in facts.damage] == []


def test_the_same_file_in_two_parts_is_refused(tmp_path: Path) -> None:
    paths = files_of(talks(0, 2), 2, tmp_path, "ring")
    part = part_of_captures(open_inputs([str(paths[0])]).sources)
    with pytest.raises(Unusable, match="the same file is in two parts"):
        check_apart([part, part])
    assert finish(together([])).equals(finish(Partial.empty()))
