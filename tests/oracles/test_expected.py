"""Flow rows hold the names that others found in captures made by others.

An engine is a function from a path to rows (dicts with the flow table's columns, times in nanoseconds). Each capture of
expected.jsonl must give no difference but those of exceptions.toml, and each of those has to be there still.
"""

from __future__ import annotations

import pytest

from tests.conftest import ORACLES, needs_oracles
from tests.oracles.compare import Record, differences, read_records
from tests.oracles.engines import ENGINES, EXCEPTIONS, REFUSED
from tests.oracles.totals import totals

NAMES = {"twin": (430, 21), "engine": (450, 1)}  # right and missing; exceptions.toml says why each is missing
RECORDS = read_records(ORACLES) if ORACLES.is_dir() else []


@needs_oracles
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["file"].removeprefix("public/"))
def test_names_and_flows_of_a_public_capture(record: Record, engine: str) -> None:
    known = EXCEPTIONS.get(record["file"], {})
    if engine in known.get("refused_by", []):
        with pytest.raises(REFUSED):
            ENGINES[engine](str(ORACLES / record["file"]))
        return
    found = differences(record, ENGINES[engine](str(ORACLES / record["file"])))
    if engine in known.get("not_peeled_by", []):
        assert found and all(line.endswith(": no such flow") or line.startswith("tcp flows:") for line in found)
    elif not known.get("no_answer"):
        listed = known.get("difference", [])
        assert sorted(found) == sorted(difference["is"] for difference in listed if engine in difference.get("engines", [engine]))


@needs_oracles
@pytest.mark.parametrize("engine", ENGINES)
def test_no_name_is_wrong(engine: str) -> None:
    counted = totals(engine)
    assert counted.wrong == []
    assert (counted.names_right, counted.names_missing) == NAMES[engine]
