"""Pages of every kind, made once, and the browser that opens them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.report.page import html
from analyzer.report.page.html import study_to_html, to_html
from analyzer.text.times import shown_in, zone_of
from tests.conftest import ROOT
from tests.report import scenes
from tests.report.browser import Browser, chromium
from tests.report.fleets import fleet

PAGES = ("article", "silent", "empty", "timeless", "crowd", "hostile")
"""Scenes that have a page each."""


@pytest.fixture(scope="session")
def study_document() -> tuple[dict[str, Any], list[Any]]:
    """The study document of captures/study.toml, and the flow table of each test."""
    study = analyzer.study(ROOT / "captures" / "study.toml")
    return study.to_dict(), [test.table for test in study.tests]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="package")
def pages(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The folder of all pages; of several workers that run the tests, the first to ask makes them for all."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "pages"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = tmp_path_factory.mktemp("pages_being_made")
            make_pages(made, *request.getfixturevalue("study_document"))
            made.rename(folder)
    return folder


def make_pages(folder: Path, study: dict[str, Any], tables: list[Any]) -> None:
    """Write a page of every kind into the folder."""
    for name in (*PAGES, "fifty_thousand"):
        scene = getattr(scenes, name)()
        with pytest.MonkeyPatch.context() as patched:
            if name == "fifty_thousand":
                patched.setattr(html, "PAGE_BYTES", 10**9)  # every flow with every column, as a study's page of few may be
            (folder / f"{name}.html").write_text(to_html(scene.flows, scene.verdict), encoding="utf-8")
    for name, scene in (
        ("ipv4", scenes.proxied("ipv4", 3)),
        ("ipv6", scenes.proxied("ipv6", 3)),
        ("site", scenes.site(120)),
        ("refused", scenes.refused()),
    ):
        (folder / f"{name}.html").write_text(to_html(scene.flows, scene.verdict), encoding="utf-8")
    (folder / "fleet.html").write_text(to_html(scenes.fifty_thousand().flows, fleet(2_000)), encoding="utf-8")
    with shown_in(zone_of("America/New_York"), "America/New_York"):
        (folder / "zone.html").write_text(to_html(scenes.site(12).flows, scenes.site(12).verdict), encoding="utf-8")
    legs = analyzer.read(ROOT / "captures" / "proof" / "interception.pcapng", topology=ROOT / "captures" / "topology.toml")
    (folder / "legs.html").write_text(to_html(legs.table, legs.verdict.to_dict()), encoding="utf-8")
    (folder / "study.html").write_text(study_to_html(study, tables), encoding="utf-8")
