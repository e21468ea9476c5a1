"""docs/recipes.md as it stands: what Polars, DuckDB and pandas make of the flow table is what is in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.cli.run import run
from tests.conftest import ROOT
from tests.test_docs import blocks


def test_the_recipes_run_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On the laboratory's second test: as many flows and requests in each as in the table."""
    polars, duckdb = pytest.importorskip("polars"), pytest.importorskip("duckdb")
    shutil.copy(ROOT / "captures" / "T2-winhttp-wininet.pcapng", tmp_path / "gateway.pcapng")
    shutil.copy(ROOT / "captures" / "topology.toml", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert run(["flows", "gateway.pcapng", "--topology", "topology.toml", "-o", "flows.parquet"]) == 0
    table = analyzer.read("gateway.pcapng", topology="topology.toml").table
    found: dict[str, Any] = {}
    recipes = blocks("docs/recipes.md")
    for recipe in recipes:
        if recipe.language == "python":
            exec("\n".join(recipe.lines), found)
    assert len(found["flows"]) == table.num_rows == len(polars.from_arrow(table))
    requests = sum(len(row or ()) for row in table.column("requests").to_pylist())
    assert len(found["requests"]) == requests and "PROX01" in capsys.readouterr().out
    assert (tmp_path / "who-used-what.svg").stat().st_size > 5_000
    (sql,) = ["\n".join(recipe.lines) for recipe in recipes if recipe.language == "sql"]
    by_service, by_outcome = (duckdb.sql(query).fetchall() for query in filter(str.strip, sql.split(";")))
    named = table.num_rows - table.column("service").null_count
    assert sum(row[3] for row in by_service) == named and sum(row[-1] for row in by_outcome) == requests
