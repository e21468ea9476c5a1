"""Purpose: formats are recognised by content, and one that isn't read says what it is and which command converts it."""

from __future__ import annotations

import io

import pytest

import tests.build as build
from analyzer.capture.formats import FOREIGN, kind_of_head
from analyzer.capture.snoop import MAGIC
from analyzer.capture.source import Source
from analyzer.errors import Unusable


def test_formats_that_are_read() -> None:
    assert kind_of_head(build.pcap([])) == "pcap"
    assert kind_of_head(build.section_header()) == "pcapng"
    assert kind_of_head(MAGIC + b"\0\0\0\2\0\0\0\4") == "snoop"
    assert kind_of_head(b"") is None and kind_of_head(bytes(128)) is None


def refused(data: bytes, name: str = "x.cap") -> Unusable:
    with pytest.raises(Unusable) as raised:
        list(Source(name, file=io.BytesIO(data)).blocks())
    return raised.value


@pytest.mark.parametrize("magic", [magic for magic, *_ in FOREIGN])
def test_formats_that_wireshark_converts(magic: bytes) -> None:
    error = str(refused(magic + bytes(200)))
    assert "isn't read" in error and "editcap -F pcapng x.cap x.cap.pcapng" in error


@pytest.mark.parametrize("mark", [b"\x02\x00\x01\xc0", b"\x02\x00\x02\xc0"])
def test_a_trace_of_windows(mark: bytes) -> None:
    error = str(refused(b"\0\0\x01\0" + bytes(68) + mark + bytes(400), "net.etl"))
    assert "pktmon etl2pcap net.etl --out net.etl.pcapng" in error and "etl2pcapng net.etl net.etl.pcapng" in error


def test_anything_else() -> None:
    assert "begins like neither" in str(refused(b"plain text, of no use here" * 9))
    assert "nothing is in it" in str(refused(b""))
