"""The readers that are held against the oracles: a path in, flow rows out (times in nanoseconds). Rows are kept, not to be changed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.errors import Unusable
from tests.engine import engine_rows
from tests.oracles.compare import Row
from tests.reference import NotACapture, flows_of

REFUSED = (NotACapture, Unusable)

EXCEPTIONS: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text(encoding="utf-8"))


@cache
def read_by_twin(path: str) -> list[Row]:
    return flows_of(path)


@cache
def read_by_engine(path: str) -> list[Row]:
    return engine_rows(path)


ENGINES: dict[str, Callable[[str], list[Row]]] = {"twin": read_by_twin, "engine": read_by_engine}
