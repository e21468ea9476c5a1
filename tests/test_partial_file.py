"""A part put away and taken up again is the same part; what was changed is an error, never another thing."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from analyzer.errors import Unusable
from analyzer.partial import finish, merge
from analyzer.partial_file import MAGIC, read_partial, write_partial
from tests.build import messy_capture
from tests.conftest import ROOT
from tests.pieces import Whole, differences


@pytest.mark.parametrize("seed", range(4))
def test_parts_put_away_are_put_together_as_they_were(tmp_path: Path, seed: int) -> None:
    whole = Whole(messy_capture(seed))
    left, right = whole.pieces([whole.n_frames // 2])
    again = []
    for part in (left, right):
        write_partial(part, tmp_path / "part")
        again.append(read_partial(tmp_path / "part"))
    assert differences(finish(merge(left, right)), finish(merge(*again))) == []


def test_fragments_that_wait_are_kept(tmp_path: Path) -> None:
    whole = Whole(ROOT / "captures" / "T1-winhttp.pcapng")
    (part,) = whole.pieces([])
    assert read_written(tmp_path, part).parts == part.parts


def read_written(folder: Path, part: object) -> object:
    write_partial(part, folder / "part")  # type: ignore[arg-type]
    return read_partial(folder / "part")


def test_what_was_changed_is_an_error_or_a_part(tmp_path: Path) -> None:
    (part,) = Whole(messy_capture(1)).pieces([])
    path = tmp_path / "part"
    write_partial(part, path)
    whole, chance = path.read_bytes(), random.Random(1)
    for _ in range(60):
        changed = bytearray(whole[: chance.randrange(len(whole) + 1)])
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        with pytest.raises(Unusable, match=r"can't be read|another version|don't agree|no part of this version"):
            read_partial(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [(b"whichproxy partial 9\n" + bytes(99), "no part of this version"), (MAGIC + bytes(8), "can't be read"), (MAGIC, "can't be read")],
)
def test_what_is_none_is_told(tmp_path: Path, text: bytes, said: str) -> None:
    with pa.CompressedOutputStream(str(tmp_path / "part"), "lz4") as file:
        file.write(text)
    with pytest.raises(Unusable, match=said):
        read_partial(tmp_path / "part")
    with pytest.raises(Unusable, match="can't be read"):
        read_partial(tmp_path / "missing")
