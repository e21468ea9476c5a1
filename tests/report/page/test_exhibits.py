"""Flows for the reader on paper."""

from __future__ import annotations

from analyzer.report.page.exhibits import FLOWS_PER_PLANE, display_filter, exhibits, table_of_tests
from tests.report import scenes


def test_a_few_flows_of_each_winner() -> None:
    scene = scenes.article()
    (source,) = scene.verdict["sources"]
    shown = exhibits(scene, source)
    assert [(e.plane, e.id[-2:], e.time) for e in shown[:4]] == [
        ("sensor", "00", "12:00:00.000"),
        ("sensor", "03", "12:00:03.000"),
        ("sensor", "05", "12:00:05.000"),
        ("antivirus", "06", "12:00:06.000"),
    ]
    assert len([e for e in shown if e.plane == "antivirus"]) == FLOWS_PER_PLANE
    first = shown[0]
    assert (first.host, first.through, first.answer, first.bytes) == (
        "CONNECT edr-0.eu.endpoint.security.microsoft.com:443",
        "PROX03 (static)",
        "200",
        "4.9 kB",
    )


def test_who_sent_nothing_has_none() -> None:
    scene = scenes.silent()
    assert exhibits(scene, scene.verdict["sources"][0]) == []
    assert exhibits(scenes.empty(), {"client_ip": "10.0.0.1", "planes": []}) == []
    assert exhibits(scenes.timeless(), scenes.timeless().verdict["sources"][0])[0].time == ""


def test_tests_are_numbered_in_one_table() -> None:
    both = table_of_tests([scenes.article().flows, scenes.silent().flows])
    assert both.schema.names[0] == "test"
    assert both.column("test").to_pylist() == [1] * 16 + [2] * 2


def test_a_filter_names_both_ends() -> None:
    six = {"protocol": "udp", "client_ip": "2001:db8::1", "client_port": 1, "server_ip": "2001:db8::2", "server_port": 443}
    assert display_filter(six) == "ipv6.addr == 2001:db8::1 && ipv6.addr == 2001:db8::2 && udp.port == 1 && udp.port == 443"
