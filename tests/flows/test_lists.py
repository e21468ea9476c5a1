"""Lists whose rows lie anywhere in a table."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.flows.lists import lists_of


@pytest.mark.parametrize(
    ("heads", "following", "moved", "order"),
    [
        ([], [], [], []),
        ([-1, -1], [1, -1], [-1, -1], []),
        ([2, -1, 0], [1, -1, 3, 4, -1], [0, -1, 3], [2, 3, 4, 0, 1]),
    ],
)
def test_lists_are_put_one_behind_the_other(heads: list[int], following: list[int], moved: list[int], order: list[int]) -> None:
    table = np.array(list(zip(range(len(following)), following, strict=True)), [("value", "i4"), ("next", "i4")])
    found, listed = lists_of(np.array(heads, np.int32), table)
    assert found.tolist() == moved
    assert listed["value"].tolist() == order
    for head in found[found >= 0]:
        while listed["next"][head] >= 0:
            assert listed["next"][head] == head + 1
            head += 1
