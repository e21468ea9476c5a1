"""A part goes to a file, whole; what it can't do is said in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Whichproxy
from tests.parts.rotated import files_of, talks


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["flows", "--partial", "{pcap}"], "name one with -o X.part"),
        (["flows", "--partial", "{pcap}", "-o", "{new}", "--limit", "3"], "choose, name and arrange where it is read"),
        (["merge", "{pcap}"], "it is no part"),
        (["merge", "{cut}"], "the part is damaged"),
        (["report", "{part}", "--start", "2024-01-01T00:00:00Z"], "give them to whichproxy flows --partial"),
        (["slice", "{part}", "-o", "{new}", "--source", "1.2.3.4"], "packets are needed"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(args: list[str], said: str, tmp_path: Path, whichproxy: Whichproxy) -> None:
    (pcap,) = files_of(talks(0, 2), 1, tmp_path, "ring")
    part, cut = tmp_path / "a.part", tmp_path / "cut.part"
    assert whichproxy("flows", "--partial", pcap, "-o", part, "-q").code == 0
    cut.write_bytes(part.read_bytes()[:-1])
    places = {"pcap": pcap, "part": part, "cut": cut, "new": tmp_path / "new.part"}
    ended = whichproxy(*(word.format(**places) for word in args))
    assert ended.code == 2 and said in ended.err
    assert len(ended.err.strip().splitlines()) == 1
