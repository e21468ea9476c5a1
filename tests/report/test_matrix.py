"""Services × proxies at every width."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from analyzer.report.matrix import matrix, notes
from analyzer.report.model import build
from analyzer.report.sources import Source
from analyzer.text.inert import UNWRAPPED
from analyzer.text.labels import ProxyLabel
from tests.report.scenes import ENDS
from tests.report.verdicts import fifth_test


def drawn(source: Source, width: int) -> list[str]:
    sink = StringIO()
    Console(file=sink, width=width, color_system=None).print(matrix(source, width))
    return [line.rstrip() for line in sink.getvalue().splitlines()]


@pytest.fixture
def source() -> Source:
    return build(fifth_test()).sources[0]


def line_of(label: str, lines: list[str]) -> str:
    return next(line for line in lines if line.strip().startswith(label))


def test_the_winner_is_marked_in_its_own_column(source: Source) -> None:
    lines = drawn(source, 80)
    assert "▶ 41 ✗1" in line_of("edr-cyber-data", lines)
    assert line_of("edr-cyber-data", lines).index("▶") == lines[0].index("PROX03")
    assert "none won" in line_of("push-notifications", lines)


def test_a_wide_screen_has_shares_and_bytes(source: Source) -> None:
    assert "▶ 41 ✗1 · 97% · 1.2 MB" in line_of("edr-cyber-data", drawn(source, 130))


def test_more_proxies_than_fit_give_winner_and_others(source: Source) -> None:
    columns = tuple(p._replace(name=None, proxy=f"172.16.12.{100 + n}:3128") for n, p in enumerate(source.proxies * 4))
    rows = tuple(r._replace(cells=(*r.cells, *[None] * 9)) for r in source.services)
    lines = drawn(source._replace(proxies=columns, services=rows, planes=()), 80)
    assert lines[0].split() == ["Service", "Winner", "Requests", "Others", "Sure"]
    assert line_of("edr-cyber-data", lines).split()[-5:] == ["41", "✗1", "PROX01", "1", "likely"]
    assert all(len(line) <= 80 for line in lines)


def test_an_unnamed_proxy_heads_its_column_by_address_over_port(source: Source) -> None:
    lines = drawn(source._replace(proxies=(ProxyLabel("172.16.12.10:3128"), *source.proxies[1:])), 80)
    assert "172.16.12.10" in lines[0] and ":3128" in lines[1]


def test_nothing_is_shortened_off_screen(source: Source) -> None:
    name = "a-service-with-a-very-long-name-of-its-own-indeed"
    rows = tuple(r._replace(label=name) for r in source.services)
    assert any(name in line for line in drawn(source._replace(services=rows), UNWRAPPED))
    assert not any(name in line for line in drawn(source._replace(services=rows), 80))


def test_notes_explain_what_is_not_certain(source: Source) -> None:
    sink = StringIO()
    Console(file=sink, width=200, color_system=None).print(*notes(source), sep="\n")
    text = sink.getvalue()
    assert "sensor (likely, works): 98 % of 54" in text and "edr-cyber-data" not in text, "its plane says it"
    assert "push-notifications (none won, must authenticate): only failures" in text
    assert "cloud-protection" not in text
    Console(file=sink, width=200, color_system=None).print(*notes(source, verbose=True), sep="\n")
    assert "edr-cyber-data (likely, works): 98 % of 42" in sink.getvalue()


@pytest.mark.parametrize("kind", ["ipv4", "ipv6"])
def test_three_nameless_proxies_leave_room_for_services_and_outcomes(kind: str, source: Source) -> None:
    """Addresses that are too long are shortened in the heads to the part that distinguishes them; the answer above has them whole."""
    ends = [proxy for _, proxy in ENDS[kind]][:3]
    lines = drawn(source._replace(proxies=tuple(ProxyLabel(end) for end in ends)), 80)
    assert lines[0].split() == {"ipv4": ["…110", "…111", "…112"], "ipv6": ["…:10", "…:11", "…:12"]}[kind]
    assert lines[1].split() == ["Service", ":3128", ":3128", ":3128", "Sure", "Outcome"]
    assert not any("…" in line for line in lines[2:])


def test_without_a_proxy_nothing_stands_above_the_headings(source: Source) -> None:
    rows = tuple(row._replace(cells=(), winner=None) for row in source.services)
    assert drawn(source._replace(proxies=(), services=rows, planes=()), 80)[0].split() == ["Service", "Sure", "Outcome"]
