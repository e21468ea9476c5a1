"""The page for a proxy's administrator."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from analyzer.pipeline import Reading, judge
from analyzer.report.ticket import file_name, ticket, write_tickets
from analyzer.routes.topology import load_topology
from analyzer.text.labels import ProxyLabel
from analyzer.verdict.complaints import Complaint
from tests.conftest import ROOT
from tests.engine import reading
from tests.report.verdicts import HOSTILE, fifth_test

CAPTURES = ROOT / "captures"


@pytest.fixture(scope="module")
def failures() -> Reading:
    return reading(CAPTURES / "proof" / "failures.pcapng", topology=load_topology(CAPTURES / "topology.toml"))


def test_a_page_says_what_went_wrong_when_and_how_to_get_the_packets(failures: Reading, tmp_path: Path) -> None:
    made = write_tickets(tmp_path / "tickets", failures, judge(failures), ["captures/a b.pcapng"])
    assert [path.name for path, _ in made] == ["PROX01-172-16-12-10-3128.md"]
    page = made[0][0].read_text(encoding="utf-8")
    assert "| wdcp.microsoft.com | 443 | 2 | 2 × 403 | 2026-11-25 06:57:50 |" in page
    assert "whichproxy slice 'captures/a b.pcapng' --proxy 172.16.12.10:3128 -o PROX01-172-16-12-10-3128.pcapng" in page
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        f"## {title}"
        for title in (
            "Refused", "Challenged", "TLS broke", "Failed", "What to change", "The packets", "Let through", "Don't open", "Afterwards",
        )
    ]  # fmt: skip
    assert "*.blob.core.windows.net" not in page.replace("\\*.blob.core.windows.net as a whole", "")
    expect = tomllib.loads(page.partition("```toml\n")[2].partition("```")[0])["test"]["expect"]
    assert expect["outcome"]["cloud-protection"] == "works" and set(expect["winner"].values()) == {"172.16.12.10:3128"}


def test_a_proxy_without_complaints_gets_none(tmp_path: Path) -> None:
    fine = reading(CAPTURES / "T1-winhttp.pcapng", topology=load_topology(CAPTURES / "topology.toml"))
    assert write_tickets(tmp_path, fine, judge(fine), ["x"]) == [] and not list(tmp_path.iterdir())


def test_strangers_names_stay_text() -> None:
    complaint = Complaint("refused", HOSTILE, 443, 1, "1 × 403", None, None, "cloud-protection", 1)
    page = ticket(ProxyLabel("172.16.12.10:3128", HOSTILE, "winhttp"), [complaint], [], [], fifth_test(), [HOSTILE, "`x`"])
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(page)
    kinds = {t.type for token in tokens for t in (token, *(token.children or []))}
    assert not [kind for kind in kinds if kind.startswith(("html", "link", "image"))] and "\x1b" not in page
    assert "whichproxy slice CAPTURE CAPTURE --proxy" in page


def test_a_file_is_named_in_letters_digits_and_hyphens() -> None:
    assert file_name(ProxyLabel("[2001:db8::1]:3128", "../../etc/passwd", None)) == "etc-passwd-2001-db8-1-3128"
