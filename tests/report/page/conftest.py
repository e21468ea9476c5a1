"""The article's study, run once for the pages made of it."""

from __future__ import annotations

from typing import Any

import pytest

import analyzer
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def study_document() -> tuple[dict[str, Any], list[Any]]:
    """The study document of captures/study.toml, and the flow table of each test."""
    study = analyzer.study(ROOT / "captures" / "study.toml")
    return study.to_dict(), [test.table for test in study.tests]
