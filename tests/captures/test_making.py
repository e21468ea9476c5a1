"""What the laboratory makes by hand: Schannel's hello, NTLM's messages, recordings moved in time, truth files made anew."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from captures.lab import again, moved, truth
from captures.lab.situations import SITUATIONS
from tests.captures.test_situations import FOLDER, read_of, truth_of
from tests.conftest import ROOT

WINDOWS_11 = "t13d2013h2_2b729b4bf6f3_e24568c0d440"
TRUTHS = sorted((ROOT / "captures").rglob("*.truth.json"))
NTLM = ("ntlm-system-refused", "negotiate-system-refused", "ntlm-refused")


def test_the_hello_is_windows_11s() -> None:
    """Its JA4 is the one that public captures of Windows 11 have, on every connection that says so."""
    told = {
        (row["client_ip"], row["client_port"]) for row in truth_of("windows-with-defender")["connections"] if row["hello"] == "windows11"
    }
    rows = read_of("windows-with-defender").flows.select(["client_ip", "client_port", "ja4"]).to_pylist()
    assert len(told) > 20
    assert {row["ja4"] for row in rows if (row["client_ip"], row["client_port"]) in told} == {WINDOWS_11}


@pytest.mark.parametrize("name", NTLM)
def test_wireshark_reads_the_three_messages(name: str, fields: Any) -> None:
    """Seven exchanges, each of a first message, squid's challenge, and a third one of anna's."""
    rows = fields(FOLDER / f"{name}.pcapng", "ntlmssp", ("ntlmssp.messagetype", "ntlmssp.auth.username"))
    assert sorted(int(kind, 16) for kind, _ in rows) == [1] * 7 + [2] * 7 + [3] * 7
    assert {user for kind, user in rows if int(kind, 16) == 3} == {"anna"}


@pytest.fixture
def fields(root: Path) -> Any:
    """Wireshark's values of some fields, one row a packet that a filter lets through."""

    def ask(capture: Path, display_filter: str, names: tuple[str, ...]) -> list[list[str]]:
        wanted = [argument for name in names for argument in ("-e", name)]
        command = ["tshark", "-n", "-r", str(capture), "-Y", display_filter, "-T", "fields", *wanted]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [line.split("\t") for line in done.stdout.splitlines()]

    return ask


def test_a_time_moves_with_its_piece() -> None:
    began = moved.moment("2026-11-26T15:00:00.000000000Z")
    moves = ((10.0, 3_600.0), (20.5, 7_200.0))
    assert moved.later("2026-11-26T15:00:09.999999999Z", began, moves) == "2026-11-26T15:00:09.999999999Z"
    assert moved.later("2026-11-26T15:00:10.000000000Z", began, moves) == "2026-11-26T16:00:10.000000000Z"
    assert moved.later("2026-11-26T15:00:20.500000001Z", began, moves) == "2026-11-26T17:00:20.500000001Z"
    assert moved.later(None, began, moves) is None


@pytest.mark.parametrize("name", [name for name, made in SITUATIONS.items() if made.scenario.moved])
def test_what_was_moved_is_said(name: str) -> None:
    """On the page and in the truth file; and every packet of a connection lies within the times that its client wrote down, as before."""
    told, page = truth_of(name), (FOLDER / "README.md").read_text()
    assert told["pieces_moved_in_time"] == [{"from_second": at, "seconds_later": by} for at, by in SITUATIONS[name].scenario.moved]
    assert re.search(rf"\| `{name}(-1)?\.pcapng`.*[Pp]ieces moved in time", page)
    flows = read_of(name).flows.select(["protocol", "client_port", "first_seen"]).to_pylist()
    seen = {(row["protocol"], row["client_port"]): row["first_seen"].isoformat() for row in flows}
    for row in told["connections"]:
        assert seen[row["protocol"], row["client_port"]][:16] == row["opened_at"][:16]


@pytest.mark.parametrize("path", TRUTHS, ids=lambda path: path.name.partition(".")[0])
def test_a_truth_file_is_as_it_would_be_made_today(path: Path) -> None:
    for row in truth.read(path)["connections"]:
        assert again.made_again(dict(row)) == row
