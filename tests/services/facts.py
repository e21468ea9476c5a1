"""Where Microsoft's lists lie as they were read, for tests that compare with them."""

from __future__ import annotations

import csv

import pytest

from tests.conftest import NO_ORACLES, ORACLES

FACTS = ORACLES.parent / "facts"
needs_facts = pytest.mark.skipif(not FACTS.is_dir(), reason=NO_ORACLES)


def required_rows() -> list[dict[str, str]]:
    """The rows of Microsoft's lists that are called required, as they were read; none where they aren't here."""
    path = FACTS / "mde-services.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["category"] == "required"]
