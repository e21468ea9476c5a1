"""The search for cycles goes on as it was, whatever happens meanwhile."""

from __future__ import annotations

import gc

import pytest

from analyzer.verdict.collection import cycle_collection_paused


@pytest.mark.parametrize("was_on", [True, False])
def test_it_is_as_it_was_afterwards_also_after_a_mistake(was_on: bool) -> None:
    (gc.enable if was_on else gc.disable)()
    try:
        with pytest.raises(ZeroDivisionError), cycle_collection_paused():
            assert not gc.isenabled()
            _ = 1 / 0
        assert gc.isenabled() is was_on
    finally:
        gc.enable()
