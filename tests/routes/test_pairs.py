import numpy as np

from analyzer.routes.pairs import pair_columns
from tests.verdict.rows import flow, table


def pairs(n: int, *legs: tuple[int, int]) -> tuple[list[str | None], list[list[str]]]:
    behind, client = (np.array(side, dtype=np.int64) for side in zip(*legs, strict=True)) if legs else (np.zeros(0, np.int64),) * 2
    columns = pair_columns(table([flow(id=str(i)) for i in range(n)]), behind, client)
    return columns["pair"].to_pylist(), columns["pairs"].to_pylist()


def test_every_leg_has_the_client_legs_ids_in_their_order() -> None:
    assert pairs(5, (3, 2), (3, 0), (4, 0)) == (["0", None, "2", "2", "0"], [["0"], [], ["2"], ["2", "0"], ["0"]])


def test_one_client_several_times_is_named_once() -> None:
    assert pairs(3, (2, 1), (2, 0), (2, 1)) == (["0", "1", "1"], [["0"], ["1"], ["1", "0"]])


def test_a_client_leg_is_its_own_even_where_it_is_behind_another() -> None:
    assert pairs(3, (1, 0), (2, 1)) == (["0", "1", "1"], [["0"], ["1"], ["1"]])


def test_nothing() -> None:
    assert pairs(2) == ([None, None], [[], []])
    assert pairs(0) == ([], [])
