"""The flow table for the eye."""

from __future__ import annotations

import pytest

from analyzer.report.flow_table import COLUMNS, flow_lines
from tests.report.flow_rows import flow, table
from tests.report.verdicts import HOSTILE


def test_80_columns_hold_when_who_what_and_how() -> None:
    lines = list(flow_lines(table(flow(1), flow(2, host=None, state="no-answer")), 80))
    assert lines[0].split() == ["first_seen", "client_ip", "host", "proxy", "state"][: len(lines[0].split())]
    assert lines[2].startswith("12:00:01.000")
    assert "…" in lines[2]
    assert lines[3].split()[2] == "172.16.12.12:3128"
    (*_, line) = flow_lines(table(flow(2, host=None, server_ip="2001:db8::1", server_port=443)), 80)
    assert line.split()[2] == "[2001:db8::1]:443"
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("width", [20, 60, 80, 120, 200, 300])
def test_no_line_is_wider_than_the_screen(width: int) -> None:
    flows = table(flow(1, host="a" * 200, sni="b" * 200, proxy="[2001:db8:1111:2222:3333:4444:5555:6666]:65535"), flow(2))
    assert max(len(line) for line in flow_lines(flows, width)) <= max(width, 12)


def test_off_screen_everything_is_whole() -> None:
    heading, rule, line = flow_lines(table(flow(1, host="a" * 200)))
    assert heading.split() == [name for name, _ in COLUMNS]
    assert "a" * 200 in line
    assert rule.startswith("───")


def test_hostile_text_is_inert() -> None:
    text = "\n".join(flow_lines(table(flow(1, host=HOSTILE))))
    assert text.replace("\n", "").isprintable()


def test_missing_is_blank_and_an_empty_table_is_a_heading() -> None:
    assert "None" not in "\n".join(flow_lines(table(flow(1, proxy=None, proxy_status=None, first_seen=None))))
    assert len(list(flow_lines(table(), 80))) == 2
