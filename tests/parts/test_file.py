"""A part put away and taken up again is the same part; what was changed is an error, never another thing."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.capture.interleave import in_time_order
from analyzer.capture.source import Source
from analyzer.engine import Engine
from analyzer.errors import Unusable
from analyzer.flows.grow import pack_arena
from analyzer.flows.layout import FREE_SEGMENT, N_SEGMENTS, Tables
from analyzer.parts.file import MAGIC, part_bytes, part_of, read_part, write_part
from analyzer.parts.partial import Partial, merge
from tests.build import Conversation, connect, messy_capture, pcap
from tests.conftest import ROOT
from tests.pieces import Whole, collect_piece, differences, finish


@pytest.mark.parametrize("seed", range(4))
def test_parts_put_away_are_put_together_as_they_were(tmp_path: Path, seed: int) -> None:
    whole = Whole(messy_capture(seed))
    left, right = whole.pieces([whole.n_frames // 2])
    again = []
    for part in (left, right):
        write_part(part, tmp_path / "part")
        again.append(read_part(tmp_path / "part"))
    assert differences(finish(merge(left, right)), finish(merge(*again))) == []


def test_fragments_that_wait_are_kept(tmp_path: Path) -> None:
    whole = Whole(ROOT / "captures" / "T1-winhttp.pcapng")
    (part,) = whole.pieces([])
    assert read_written(tmp_path, part).parts == part.parts


def test_what_waited_once_and_was_let_go_is_not_in_a_part() -> None:
    """Once the arena is packed, its row points to bytes of other rows or to none: no part of a large capture could be read."""
    let_go = Conversation(client=("172.16.1.1", 50_001), start_ns=10).handshake()
    let_go.send_client(connect("a.example:443", "X: " + "y" * 900), cuts=[9, 500], order=[2, 1, 0])
    waits = Conversation(client=("172.16.1.2", 50_002), start_ns=10**10).handshake()
    waits.send_client(connect("b.example:443"), cuts=[9], order=[1])
    whole = Whole(pcap(let_go.frames + waits.frames, nanosecond=True))
    tables = Engine([whole.source]).read(whole.frames(0, whole.n_frames)).tables
    part = whole.pieces([])[0]._replace(tables=tables)
    assert tables.counts[FREE_SEGMENT] >= 0
    pack_arena(tables, tables.arena.copy())
    again = part_of(part_bytes(part), "a.part").tables
    assert (int(again.counts[N_SEGMENTS]), int(again.counts[FREE_SEGMENT])) == (1, -1)
    assert b".example:443" in again.arena.tobytes() and differences(finish(part), finish(part._replace(tables=again))) == []


def read_written(folder: Path, part: object) -> object:
    write_part(part, folder / "part")  # type: ignore[arg-type]
    return read_part(folder / "part")


def test_what_was_changed_is_refused(tmp_path: Path) -> None:
    (part,) = Whole(messy_capture(1)).pieces([])
    whole, chance = part_bytes(part), random.Random(1)
    for _ in range(60):
        changed = bytearray(whole[: chance.randrange(1, len(whole) + 1)])
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        with pytest.raises(Unusable, match=r"damaged|no part|another version|of form") as raised:
            part_of(bytes(changed), "a.part")
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is no part"),
        (pcap([]), "it is no part"),
        (b"whichproxy part 4\n" + bytes(99), "a part of form 4, and this version reads 3"),
        (b"whichproxy part 2\n" + bytes(99), "another version"),
        (b"whichproxy part \xff\n", "another version"),
        (MAGIC, "damaged"),
        (MAGIC + bytes(40), "damaged"),
    ],
)
def test_what_is_none_is_refused_with_one_line(data: bytes, said: str) -> None:
    with pytest.raises(Unusable, match=said) as raised:
        part_of(data, "a.part")
    assert str(raised.value).startswith("a.part: ") and "\n" not in str(raised.value)


def made_up(part: Partial, change: Callable[[Tables], None]) -> bytes:
    """A part with a correct digest and changed tables."""
    tables = part.tables._replace(**{name: getattr(part.tables, name).copy() for name in ("records", "sides", "messages", "counts")})
    change(tables)
    return part_bytes(part._replace(tables=tables))


def another_row(tables: Tables) -> None:
    tables.sides["holes"][0] = 1 << 20


def a_circle(tables: Tables) -> None:
    tables.records["previous"][0] = 0


def another_input(tables: Tables) -> None:
    tables.records["first_source"][0] = 7


@pytest.mark.parametrize("change", [another_row, a_circle, another_input])
def test_tables_that_point_elsewhere_are_refused(change: Callable[[Tables], None]) -> None:
    (part,) = Whole(messy_capture(1)).pieces([])
    with pytest.raises(Unusable, match="can't be read"):
        part_of(made_up(part, change), "a.part")


def test_no_such_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="No such file"):
        read_part(tmp_path / "missing")


def test_what_is_known_of_the_inputs_is_carried(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(messy_capture(1)[:-7])
    source = Source(str(path), path)
    part = collect_piece(in_time_order([source]), [source])
    (facts,) = part_of(part_bytes(part), "a.part").inputs
    assert facts.source().as_dict() == source.as_dict()
    assert facts.damage
