"""A day is the same after it was packed and unpacked, in the same order, and nothing else is taken for one."""

from __future__ import annotations

from dataclasses import fields

import pytest

from analyzer.fleet.day import Day, read_day
from analyzer.fleet.packed import LENGTH, packed, unpacked
from analyzer.fleet.partitions import partitions
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import load_catalogue
from tests.conftest import ROOT
from tests.fleet.fleets import CAPTURES, day_of, lay


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """One with everything in it: sources of all captures, proxies, and what went past them."""
    root = tmp_path_factory.mktemp("fleet")
    lay(root, "gw é", 0, day_of(0, 0, dict(enumerate(CAPTURES))))
    return read_day(partitions(root)[0], load_topology(ROOT / "captures" / "topology.toml"), load_catalogue(()))


def test_it_is_the_same_again(day: Day) -> None:
    again = unpacked(packed(day))
    for one in fields(Day):
        value, other = getattr(day, one.name), getattr(again, one.name)
        assert (other, type(other)) == (value, type(value)), one.name
        assert value or one.name == "past", f"{one.name} is tried with something in it"
        if isinstance(value, dict):
            assert [*other] == [*value] and {type(each) for each in other.values()} == {type(each) for each in value.values()}
    for key, heard in day.services.items():
        assert [type(one) for one in again.services[key].stretches] == [type(one) for one in heard.stretches]
    assert again.heard == day.heard


def test_a_day_without_times_too() -> None:
    blank = Day("gw", None)
    assert unpacked(packed(blank)) == blank


def test_what_says_that_it_is_too_large_is_not_unpacked(day: Day) -> None:
    with pytest.raises(ValueError, match="a day of"):
        unpacked((1 << 40).to_bytes(LENGTH, "big") + packed(day)[LENGTH:])
