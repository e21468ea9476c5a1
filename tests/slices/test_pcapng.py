"""The blocks of a slice follow the format, as our reader and Wireshark's read them."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

from analyzer.capture.source import Source
from analyzer.slices.pcapng import interface_block, packet_block, section_block


def test_both_readers_read_it(tmp_path: Path) -> None:
    text = "why \N{SNOWMAN} " + "x" * 70_000
    blocks = section_block(text, "app") + interface_block(1, "eth0", "the first") + interface_block(101)
    blocks += packet_block(0, 1_700_000_000_123_456_789, b"abcde", 1500, "comment") + packet_block(1, -5, b"", 0)
    source = Source("x", file=io.BytesIO(blocks))
    (block,) = source.blocks()
    assert block.frames["ts_ns"].tolist() == [1_700_000_000_123_456_789, 0]
    assert [tuple(int(f[n]) for n in ("captured_bytes", "wire_bytes", "link_type", "interface")) for f in block.frames] == [
        (5, 1500, 1, 0),
        (0, 0, 101, 1),
    ]
    assert [(i.name, i.description) for i in source.interfaces] == [("eth0", "the first"), ("", "")] and source.damage == []
    path = tmp_path / "x.pcapng"
    path.write_bytes(blocks)
    said = subprocess.run(["capinfos", "-c", "-M", str(path)], capture_output=True, text=True, check=True)
    assert "Number of packets:   2" in said.stdout and "cut short" not in said.stderr
