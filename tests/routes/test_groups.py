"""Groups of rows that agree, as arrays."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest

from analyzer.routes import groups as groups_module
from analyzer.routes.groups import MAX_COPIES, Groups, agreeing, joined, repeating
from analyzer.routes.numbers import mixed


def lists(groups: Groups) -> list[list[int]]:
    return [part.tolist() for part in np.split(groups.rows, groups.starts[1:])] if len(groups.starts) else []


def groups_of(*rows: list[int]) -> Groups:
    sizes = [len(group) for group in rows]
    return Groups(np.array([row for group in rows for row in group], dtype=np.int64), np.cumsum([0, *sizes])[:-1])


def test_rows_that_agree_in_all_keys() -> None:
    keys = np.array([5, 7, 5, 7, 5, 9]), np.array([1, 1, 1, 1, 2, 1])
    assert lists(agreeing(np.arange(6), *keys)) == [[0, 2], [1, 3]]
    assert lists(agreeing(np.arange(6), keys[0])) == [[0, 2, 4], [1, 3]]
    assert lists(agreeing(np.arange(1, 6), *keys)) == [[1, 3]]
    assert lists(agreeing(np.arange(0), *keys)) == []


def test_groups_come_by_the_last_key_first() -> None:
    assert lists(agreeing(np.arange(4), np.array([1, 2, 1, 2]), np.array([9, 3, 9, 3]))) == [[1, 3], [0, 2]]


@pytest.mark.parametrize("bits", [0, 2, 64])
@pytest.mark.parametrize("seed", range(4))
def test_groups_are_right_even_where_different_keys_have_one_number(seed: int, bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As numbers of 64 bits hardly ever do."""
    monkeypatch.setattr(groups_module, "mixed", lambda one, other: mixed(one, other) & np.uint64((1 << bits) - 1))
    rng = random.Random(seed)
    keys = [[rng.randrange(4) for _ in range(60)] for _ in range(3)]
    rows = [row for row in range(60) if rng.random() < 0.9]
    expected: dict[tuple[int, ...], list[int]] = {}
    for row in rows:
        expected.setdefault(tuple(key[row] for key in reversed(keys)), []).append(row)
    wanted = [expected[key] for key in sorted(expected) if 1 < len(expected[key]) <= MAX_COPIES]
    assert lists(agreeing(np.array(rows), *map(np.array, keys))) == wanted


def test_what_more_agree_in_than_translators_stand_in_a_row_is_no_group() -> None:
    same = np.zeros(MAX_COPIES + 1, dtype=np.int64)
    assert lists(agreeing(np.arange(MAX_COPIES + 1), same)) == []
    assert lists(agreeing(np.arange(MAX_COPIES), same)) == [list(range(MAX_COPIES))]


@pytest.mark.parametrize("sizes", [[], [2], [3, 2, 8], [2, 2, 2]])
def test_pairs_are_every_two_of_one_group(sizes: list[int]) -> None:
    starts = np.cumsum([0, *sizes])[:-1].tolist()
    left, right = groups_of(*(list(range(start, start + size)) for start, size in zip(starts, sizes, strict=True))).pairs()
    expected = [pair for start, size in zip(starts, sizes, strict=True) for pair in combinations(range(start, start + size), 2)]
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == expected


def test_a_flag_of_any_row_is_that_of_its_group() -> None:
    groups = groups_of([4, 6], [1, 2, 3], [0, 5])
    flags = np.array([True, False, False, False, True, False, False])
    assert groups.any_of(flags).tolist() == [True, True, True, True, True, False, False]
    assert lists(groups.only(groups.any_of(flags))) == [[4, 6], [1, 2, 3]]
    assert lists(groups.only(~groups.any_of(flags))) == [[0, 5]]


def test_of_the_same_groups_the_first_stays() -> None:
    one, other = groups_of([1, 2], [3, 4, 5]), groups_of([3, 4], [1, 2], [0, 5], [6, 7])
    assert lists(joined([one, other, groups_of([3, 4, 5], [6, 7], [2, 8])], 9)) == [[1, 2], [3, 4, 5], [3, 4], [0, 5], [6, 7], [2, 8]]
    assert lists(joined([groups_of(), one], 9)) == [[1, 2], [3, 4, 5]]


def test_repeating_rows_are_those_that_any_group_has() -> None:
    rng = random.Random(3)
    keys = [np.array([rng.randrange(40) for _ in range(300)]) for _ in range(2)]
    found = repeating(np.arange(300), *keys).tolist()
    pairs = list(zip(*(key.tolist() for key in keys), strict=True))
    assert found == [row for row in range(300) if pairs.count(pairs[row]) > 1]
