"""Captures are verified again from Python; one that is gone gives an error."""

from __future__ import annotations

import io
import lzma
from pathlib import Path

import pytest

import analyzer
from tests.conftest import ROOT

T3A = ROOT / "captures" / "T3a-wininet-no-user.pcapng"


def test_traffic_can_be_verified_from_python(tmp_path: Path) -> None:
    packed = tmp_path / "t.pcapng.xz"  # tshark doesn't unpack xz itself
    packed.write_bytes(lzma.compress(T3A.read_bytes()))
    opinion = analyzer.read(packed).verify()
    assert opinion.differences == 0 and "says the same" in repr(opinion)
    frame = opinion.to_frame()
    assert frame["agrees"].all() and set(frame["capture"]) == {str(packed)}
    assert opinion.to_dict()["flows"][0]["filter"].startswith(("tcp.stream", "udp.stream"))
    assert "Flows" in str(opinion)


def test_one_flow_alone() -> None:
    traffic = analyzer.read(T3A)
    chosen = traffic.flows["id"].iloc[0]
    assert set(traffic.verify([chosen]).to_frame()["id"]) == {chosen}
    with pytest.raises(analyzer.Unusable, match="no flow has the id nonsense"):
        traffic.verify(["nonsense"])


def test_what_cannot_be_read_again_is_said() -> None:
    stream = io.BytesIO(T3A.read_bytes())
    with pytest.raises(analyzer.Unusable, match="can't be read a second time"):
        analyzer.read(stream).verify()
    with pytest.raises(analyzer.Unusable, match="no capture to ask Wireshark about"):
        analyzer.read(analyzer.read(T3A).flows).verify()
