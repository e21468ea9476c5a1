"""A slice gives the same verdict as the whole capture, and the file describes how it was chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.pipeline import judge
from analyzer.slices.choose import Selection
from analyzer.slices.slicing import about_text, write_slice
from tests.conftest import ROOT
from tests.engine import knowledge, reading
from tests.slices.slicing import sliced

T5 = str(ROOT / "captures" / "T5-all-three.pcapng")


def verdict_of(*paths: str) -> dict[str, Any]:
    return judge(reading(*paths))


@pytest.mark.parametrize("service", ["edr-command-and-control", "cloud-protection", "smartscreen"])
def test_a_services_slice_has_the_services_verdict(service: str, tmp_path: Path) -> None:
    whole = verdict_of(T5)
    part = verdict_of(str(sliced(tmp_path / "s.pcapng", [T5], Selection(services=[service]))))
    entries = [[e for source in said["sources"] for e in source["services"] if e["service"] == service] for said in (whole, part)]
    assert entries[0] == entries[1] != []


def test_a_findings_slice_has_the_finding(tmp_path: Path) -> None:
    part = verdict_of(str(sliced(tmp_path / "s.pcapng", [T5], Selection(findings=["direct-blocked"]))))
    found = [[f for f in said["findings"] if f["code"] == "direct-blocked"] for said in (verdict_of(T5), part)]
    assert found[0] == found[1] != []


def test_the_section_says_how_it_was_chosen(tmp_path: Path) -> None:
    wanted = Selection(services=["a", "b"], sources=["192.0.2.1"])
    assert about_text(wanted, cut=True) == (
        "A slice made by whichproxy: chosen by source 192.0.2.1 and service a or b; payload behind the last names left out."
    )
    out = tmp_path / "s.pcapng"
    written = write_slice(str(out), [T5], reading(T5), Selection(services=["smartscreen"]))
    assert (written.flows, written.left_out) == (2, 0) and written.packets > 10
    assert b"chosen by service smartscreen" in out.read_bytes()
    about = about_text(Selection(findings=["fallback"], services=["mine"], sources=["192.0.2.1"]), cut=True, anonymous=True)
    assert "chosen by finding fallback and source and service;" in about


def test_without_a_topology_the_proxy_is_still_known(tmp_path: Path) -> None:
    assert knowledge()[0].proxies == ()
    read = reading(str(sliced(tmp_path / "s.pcapng", [T5], Selection(services=["edr-command-and-control"]))))
    assert set(read.flows.column("route").to_pylist()) == {"proxy"}
