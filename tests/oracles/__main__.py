"""How each engine does on the oracles: `python -m tests.oracles`."""

from __future__ import annotations

from tests.conftest import NO_ORACLES, ORACLES
from tests.oracles.engines import ENGINES
from tests.oracles.totals import totals


def main() -> None:
    """One line per engine."""
    if not ORACLES.is_dir():
        raise SystemExit(NO_ORACLES)
    for name in ENGINES:
        print(f"{name}: {totals(name)}")


main()
