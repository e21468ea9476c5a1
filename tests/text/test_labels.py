"""What things are called."""

from __future__ import annotations

import pytest

from analyzer.text.labels import ProxyLabel, all_of, byte_size, ending, method_name, plane_order, some, source_label
from analyzer.text.words import counted


@pytest.mark.parametrize(
    ("label", "text"),
    [
        (ProxyLabel("172.16.12.10:3128", "PROX01", "winhttp"), "PROX01 (WinHTTP)"),
        (ProxyLabel("172.16.12.10:3128", None, "wininet"), "172.16.12.10:3128 (WinINET)"),
        (ProxyLabel("172.16.12.10:3128", "PROX01"), "PROX01"),
        (ProxyLabel("[2001:db8::1]:3128"), "[2001:db8::1]:3128"),
    ],
)
def test_proxy_label(label: ProxyLabel, text: str) -> None:
    assert str(label) == text


def test_sources_and_methods() -> None:
    assert source_label("172.16.11.92", "WORKSTATION") == "WORKSTATION (172.16.11.92)"
    assert source_label("172.16.11.92", None) == "172.16.11.92"
    assert source_label(None, None) == ""
    assert method_name("pac") == "PAC"
    assert method_name("10.0.0.1:80") == "10.0.0.1:80"


def test_planes_come_in_the_same_order_everywhere() -> None:
    assert sorted(["user", None, "system", "sensor", "antivirus"], key=plane_order) == ["sensor", "antivirus", "system", "user", None]


def test_counting_words() -> None:
    assert all_of([]) == "" and all_of(["a"]) == "a" and all_of(["a", "b", "c"]) == "a, b and c"
    assert some("abcde", 2) == "a, b and 3 more" and some("ab", 2) == "a and b"
    assert counted(1, "flow") == "1 flow" and counted(1234, "flow") == "1,234 flows" and counted(2, "info", "info") == "2 info"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (48_211, "48.2 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (7_400_000_000, "7.4 GB"),
        (2_000_000_000_000_000, "2.0 PB"),
    ],
)
def test_byte_size(size: int, text: str) -> None:
    assert byte_size(size) == text


def test_how_a_direct_flow_ended_is_one_word_everywhere() -> None:
    assert ending("closed", 403, blocked=True) == "answered 403"
    assert ending("open", None, blocked=True) == "open, never answered"
    assert ending("open", None, blocked=False) == "open" and ending(None, None, blocked=True) is None
