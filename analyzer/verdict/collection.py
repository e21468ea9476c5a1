"""The search for cycles, paused while a document is built: a verdict has none, and of many sources it took two fifths of the time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    """While it is entered, objects are freed by their counts alone. Who had it switched off keeps it so."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
