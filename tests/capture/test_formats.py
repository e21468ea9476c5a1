"""Purpose: formats are recognised by content, and one that isn't read says what it is and which command converts it."""

from __future__ import annotations

import io

import pytest

import tests.build as build
from analyzer.capture.formats import kind_of_head
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


def test_anything_else() -> None:
    assert "begins like neither" in str(refused(b"plain text, of no use here" * 9))
    assert "nothing is in it" in str(refused(b""))
