"""The process that pyshark runs in is started, listened to, and never left behind."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer.second_opinion.ask import DissectorFailed, ask
from analyzer.second_opinion.tshark import find_tshark
from tests.conftest import ROOT

CAPTURE = ROOT / "captures" / "T3a-wininet-no-user.pcapng"


def job(**more: object) -> dict[str, object]:
    found = find_tshark()
    return {"path": str(CAPTURE), "tshark": found.path, "version": found.version, **more}


def test_it_answers_and_this_process_stays_without_pyshark() -> None:
    code = (
        "import json, sys\nfrom analyzer.second_opinion.ask import ask\n"
        "said = ask(json.loads(sys.argv[1]))\nassert said['packets'] == 22, said\n"
        "assert 'pyshark' not in sys.modules"
    )
    import json

    subprocess.run([sys.executable, "-c", code, json.dumps(job())], cwd=ROOT, check=True)


def test_it_works_while_an_event_loop_runs_as_in_a_notebook() -> None:
    async def cell() -> dict[str, object]:
        return ask(job())

    assert asyncio.run(cell())["packets"] == 22


def test_the_users_own_settings_and_those_of_the_folder_dont_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disabled_protos").write_text("tcp\nip\n")
    (tmp_path / "config.ini").write_text("[tshark]\ntshark_path = /bin/false\n[dumpcap]\ndumpcap_path = /bin/false\n")
    monkeypatch.setenv("WIRESHARK_CONFIG_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert any(talk["protocol"] == "tcp" for talk in ask(job())["conversations"])


def test_a_child_that_fails_is_an_error_with_its_last_words() -> None:
    with pytest.raises(DissectorFailed, match="FileNotFoundError"):
        ask(job(path="/nowhere/at-all.pcap"))


def test_an_interruption_leaves_no_process_behind(tmp_path: Path) -> None:
    tshark = tmp_path / "tshark"
    tshark.write_text(
        f'#!/bin/sh\necho $$ > {tmp_path / "pid"}\nwhile :; do echo \'{{"timestamp":"1","layers":{{"frame_number":["1"]}}}}\'; done\n'
    )
    tshark.chmod(0o755)

    def stop(frame: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(job(tshark=str(tshark)), stop)
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] if Path(f"/proc/{pid}/stat").exists() else "Z"
        if state == "Z":
            return
        time.sleep(0.05)
    raise AssertionError("tshark goes on")
