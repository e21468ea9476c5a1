"""Patterns give what a shell gives, and end where links lead round in a circle."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from analyzer.text.globs import expanded

FILES = ("a.pcap", "b.pcapng", "x/c.pcap", "x/y/d.pcap", "x/.hidden/e.pcap", ".f.pcap", "x/g[1].pcap")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for n in range(6):  # each leads back to the top: 6 ** 40 paths, if links are followed
        (tmp_path / "x" / f"loop{n}").symlink_to(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.pcap", ["a.pcap"]),
        ("[ab].pcap*", ["a.pcap", "b.pcapng"]),
        ("x/*.pcap", ["x/c.pcap", "x/g[1].pcap"]),
        ("**/*.pcap", ["a.pcap", "x/c.pcap", "x/g[1].pcap", "x/y/d.pcap"]),
        ("x/**/*.pcap", ["x/c.pcap", "x/g[1].pcap", "x/y/d.pcap"]),
        ("**/y/*.pcap", ["x/y/d.pcap"]),
        ("**/.hidden/*.pcap", ["x/.hidden/e.pcap"]),
        ("**/none*", []),
        ("x/**.pcap", ["x/c.pcap", "x/g[1].pcap"]),
    ],
)
def test_what_fits(pattern: str, found: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert expanded(str(folder / pattern)) == [str(folder / name) for name in found]
    monkeypatch.chdir(folder)
    assert expanded(pattern) == found


def test_any_depth_at_the_end_is_everything_below(folder: Path) -> None:
    made = expanded(str(folder / "**"))
    assert {str(folder / name) for name in ("a.pcap", "x", "x/y", "x/y/d.pcap")} <= set(made)
    assert not any(os.sep + "." in path.removeprefix(str(folder)) for path in made)
