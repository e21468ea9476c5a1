"""Bytes that come one at a time are read like packets of the usual size, and as soon as they are complete."""

from __future__ import annotations

import pytest

from tests.benchmarks.drip import DRIPS, SEGMENT, prepared


@pytest.mark.parametrize("drip", DRIPS)
def test_a_byte_at_a_time_gives_the_same(drip: str) -> None:
    data = DRIPS[drip]()
    (_, slow), (_, quick) = prepared(data, 1)(), prepared(data, SEGMENT)()
    assert slow == quick != []
