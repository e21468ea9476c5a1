"""The units: systemd accepts them, and rates them safe."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.jobs import systemd
from analyzer.jobs.file import Job, load_job
from analyzer.jobs.systemd import install, installed, main_unit, program_of, quoted, units

MOST_EXPOSED = 2.0


def a_service(folder: Path, *more: str, results: str = "/var/lib/whichproxy/gw1") -> Job:
    path = folder / "gw1.toml"
    path.write_text("\n".join(['interface = "eth0"', f'results = "{results}"', *more]), encoding="utf-8")
    return load_job(path)


JOBS = {
    "timer": ["[schedule]", 'for = "10 min"'],
    "on and on": [],
    "webhook": ["[on_change]", 'webhook = "https://hooks.example.com/x"'],
}


@pytest.mark.parametrize("more", JOBS.values(), ids=JOBS)
def test_systemd_accepts_the_units_and_rates_them_safe(tmp_path: Path, more: list[str]) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    paths = install(a_service(tmp_path, *more), tmp_path)
    verified = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", paths[0]], capture_output=True, text=True, check=False
    )
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", rated.stdout)
    assert found and float(found[1]) <= MOST_EXPOSED, rated.stdout + rated.stderr


def test_a_run_with_an_end_has_a_timer_and_one_without_starts_with_the_machine(tmp_path: Path) -> None:
    timed, always = a_service(tmp_path, *JOBS["timer"]), a_service(tmp_path)
    assert list(units(always)) == ["whichproxy-gw1.service"] and main_unit(always) == "whichproxy-gw1.service"
    assert "WantedBy=multi-user.target" in units(always)["whichproxy-gw1.service"]
    timed = a_service(tmp_path, *JOBS["timer"])
    assert list(units(timed)) == ["whichproxy-gw1.service", "whichproxy-gw1.timer"] and main_unit(timed) == "whichproxy-gw1.timer"
    assert "OnUnitActiveSec=3600s" in units(timed)["whichproxy-gw1.timer"]
    assert installed(timed, tmp_path) == []
    assert installed(timed, install(timed, tmp_path)[0].parent) == [tmp_path / name for name in units(timed)]


def test_what_the_service_may(tmp_path: Path) -> None:
    text = units(a_service(tmp_path, 'memory = "512 MB"'), "/opt/whichproxy")["whichproxy-gw1.service"]
    for line in (
        f"ExecStart=/opt/whichproxy capture {tmp_path}/gw1.toml",
        "AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN",
        "StateDirectory=whichproxy/gw1",
        "CacheDirectory=whichproxy-gw1",
        "Environment=NUMBA_CACHE_DIR=/var/cache/whichproxy-gw1 HOME=/var/cache/whichproxy-gw1 PYTHONDONTWRITEBYTECODE=1",
        "MemoryMax=512000000",
        "PrivateTmp=yes",
        "IPAddressDeny=any",
    ):
        assert line in text.splitlines()


def test_a_textfile_elsewhere_needs_a_group_that_may_write_there(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    job = a_service(tmp_path, "[on_change]", f'textfile = "{folder}/w.prom"')
    with pytest.raises(Unusable, match="No such file"):
        units(job)
    folder.mkdir(mode=0o755)
    with pytest.raises(Unusable, match="couldn't write there"):
        units(job)
    folder.chmod(0o775)
    text = units(job)["whichproxy-gw1.service"]
    assert f"ReadWritePaths={folder}" in text and f"SupplementaryGroups={folder.stat().st_gid}" in text


def test_results_elsewhere_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="a service keeps its results below /var/lib"):
        units(a_service(tmp_path, results="/srv/x"))


@pytest.mark.parametrize(
    ("text", "written"), [("/a/b", "/a/b"), ("/a b", '"/a b"'), ("/100%", "/100%%"), ("$HOME", "$$HOME"), ('/"', '"/\\""')]
)
def test_paths_are_words_of_a_unit(text: str, written: str) -> None:
    assert quoted(text) == written


def test_a_path_that_no_unit_can_hold_is_told() -> None:
    with pytest.raises(Unusable, match="no unit file can hold"):
        quoted("/a\n[Service]")


def test_the_program_is_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd.sys, "executable", "/nowhere/python3")
    assert program_of() == ("/nowhere/python3", "-m", "analyzer")
