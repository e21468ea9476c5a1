"""numpy arrays as Arrow's, and Arrow without pandas."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.arrow import all_null, array, bitmap
from analyzer.tables import ACTIVE, TIME
from tests.conftest import ROOT


@given(st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1), st.booleans()), max_size=70), st.sampled_from(["i4", "i8", "f8", "?"]))
def test_values_and_nulls(rows: list[tuple[int, bool]], kind: str) -> None:
    values = np.array([value for value, _ in rows]).astype(kind)
    mask = np.array([gone for _, gone in rows], bool)
    made = array(values, mask)
    made.validate(full=True)
    assert made.to_pylist() == [None if gone else value for value, gone in zip(values.tolist(), mask.tolist(), strict=True)]
    assert array(values).to_pylist() == values.tolist() and array(values).null_count == 0
    assert made.type == pa.from_numpy_dtype(values.dtype)


@pytest.mark.parametrize("kind", [pa.string(), pa.bool_(), pa.int8(), pa.int64(), TIME, pa.binary(), pa.list_(pa.string()), ACTIVE])
@pytest.mark.parametrize("n", [0, 1, 9, 5000])
def test_nulls(kind: pa.DataType, n: int) -> None:
    made = all_null(n, kind)
    made.validate(full=True)
    assert (made.type, len(made), made.null_count) == (kind, n, n) and made.equals(pa.nulls(n, kind))


def test_nulls_share_one_room() -> None:
    """Strings, numbers and their bits: what is there once is enough for all of that many rows, and of fewer."""
    columns = [all_null(9000, pa.int64()), all_null(9000, pa.string()), all_null(50, TIME), all_null(9000, pa.bool_())]
    places = {buffer.address for column in columns for buffer in column.buffers() if buffer is not None and buffer.size}
    assert len(places) == 1


def test_values_that_lie_apart() -> None:
    assert array(np.arange(10, dtype=np.int32)[::3]).to_pylist() == [0, 3, 6, 9]


@pytest.mark.parametrize(("flags", "held"), [([True], b"\1"), ([False, True], b"\2"), ([True] * 9, b"\xff\1"), ([], b"")])
def test_bits(flags: list[bool], held: bytes) -> None:
    assert bitmap(np.array(flags, bool)).to_pybytes() == held


@pytest.mark.parametrize("before", ["", "import pandas"])
def test_pandas_is_left_alone_until_somebody_wants_it(before: str) -> None:
    code = (
        f"{before}\nimport sys, pyarrow as pa\nfrom analyzer.arrow import leave_pandas_alone\nleave_pandas_alone()\n"
        "pa.array([1, 2])\nprint('pandas' in sys.modules)\nprint(pa.table({'a': [1]}).to_pandas().a.tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[:2] == [str(bool(before)), "[1]"], done.stderr
