"""The units: systemd accepts them, and rates them safe."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.jobs import systemd
from analyzer.jobs.file import Job, JobTables, load_job
from analyzer.jobs.systemd import command_line, install, installed, line, main_unit, program_of, state_word, uninstall, units, user_of, word

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
    for setting in (
        f"ExecStart=:/opt/whichproxy capture {tmp_path}/gw1.toml",
        "AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN",
        "StateDirectory=whichproxy/gw1",
        "CacheDirectory=whichproxy-gw1",
        "Environment=HOME=/var/cache/whichproxy-gw1 PYTHONDONTWRITEBYTECODE=1",
        "MemoryMax=512000000",
        "PrivateTmp=no",  # the job file lies in /tmp here
        "IPAddressDeny=any",
    ):
        assert setting in text.splitlines()


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


ODD = "a b 'c\" %h $HOME ${x} \\d; e:f"
"""Everything that a unit reads as something else, in the name of a folder."""
MANAGER = "/usr/lib/systemd/systemd"


def as_systemd_reads(folder: Path, unit: str) -> dict[str, str]:
    """The service's settings as the service manager reads them. It runs without rights, loads the units and starts nothing."""
    if not Path(MANAGER).exists() or os.geteuid() != 0:
        pytest.skip("needs systemd, and root to become nobody")
    shown = tempfile.mkdtemp(dir="/run")
    try:
        for path in folder.glob("whichproxy-*"):
            shutil.copy(path, shown)
        Path(shown).chmod(0o755)
        environment = {"SYSTEMD_LOG_TARGET": "console", "SYSTEMD_UNIT_PATH": f"{shown}:/usr/lib/systemd/system", "PATH": os.defpath}
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", MANAGER, "--system", "--test", f"--unit={unit}"]
        said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    finally:
        shutil.rmtree(shown)
    _, there, rest = said.stdout.partition(f"-> Unit {unit}:\n")
    assert there, said.stdout[-2000:] + said.stderr[-2000:]
    of_unit = rest.partition("\n\t-> Unit ")[0]
    return {key.strip(): value.strip() for key, _, value in (entry.partition(": ") for entry in of_unit.splitlines())}


def test_units_from_an_odd_folder_say_what_was_meant(tmp_path: Path) -> None:
    folder = tmp_path / ODD
    (folder / "node").mkdir(parents=True)
    (folder / "node").chmod(0o775)
    results = f"/var/lib/whichproxy/{ODD}".replace("\\", "\\\\").replace('"', '\\"')
    job = a_service(folder, 'name = "x.y"', "[schedule]", "for = '10 min'", "[on_change]", "textfile = 'node/w.prom'", results=results)
    paths = install(job, tmp_path)
    if shutil.which("systemd-analyze"):
        verified = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)
        assert (verified.returncode, verified.stderr) == (0, "")
    read = as_systemd_reads(tmp_path, "whichproxy-x.y.service")
    assert read["WorkingDirectory"] == str(folder)
    assert read["StateDirectory"] == f"whichproxy/{ODD}"
    assert read["ReadWritePaths"] == str(folder / "node")
    shown = str(job.path)
    for character in '\\"$`':
        shown = shown.replace(character, f"\\{character}")
    assert read["Command Line"].endswith(f'capture "{shown}"')


@pytest.mark.parametrize("name", ["with 'quote", 'with "quote', "with \\ backslash", "with $HOME and %h", "with space; and more"])
def test_a_program_in_an_odd_folder_is_started(tmp_path: Path, name: str) -> None:
    program = tmp_path / name / "whichproxy"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    job = a_service(tmp_path)
    (tmp_path / "whichproxy-gw1.service").write_text(units(job, str(program))["whichproxy-gw1.service"])
    read = as_systemd_reads(tmp_path, "whichproxy-gw1.service")["Command Line"]
    words = shlex.split(read.replace("\\$", "$"))
    assert str(program) in words[:3] and words[-2:] == ["capture", str(job.path)]
    if shutil.which("systemd-analyze"):
        verified = subprocess.run(
            ["systemd-analyze", "verify", tmp_path / "whichproxy-gw1.service"], capture_output=True, text=True, check=False
        )
        assert (verified.returncode, verified.stderr) == (0, "")


def test_a_program_that_no_unit_can_start_is_told() -> None:
    with pytest.raises(Unusable, match="a quote and an equals sign"):
        command_line(("/it's=x/whichproxy", "capture"))


@pytest.mark.parametrize(
    ("text", "as_line", "as_word", "as_state"),
    [
        ("/a/b", "/a/b", "/a/b", "/a/b"),
        ("/a b", "/a b", '"/a b"', '"/a b"'),
        ("/100%", "/100%%", "/100%%", "/100%%"),
        ("/$HOME", "/$HOME", "/$HOME", "/$HOME"),
        ('/"', '/"', '"/\\""', "/\\x22"),
        ("/it's:x", "/it's:x", '"/it\'s:x"', "/it\\x27s\\x3ax"),
        ("/a\\", "/a\\/.", '"/a\\\\"', "/a\\x5c"),
        ("/a ", "/a /.", '"/a "', '"/a "'),
    ],
)
def test_a_text_is_written_as_its_reader_reads_it(text: str, as_line: str, as_word: str, as_state: str) -> None:
    assert (line(text), word(text), state_word(text)) == (as_line, as_word, as_state)


@pytest.mark.parametrize("write", [line, word, state_word])
def test_a_path_that_no_unit_can_hold_is_told(write: Callable[[str], str]) -> None:
    with pytest.raises(Unusable, match="no unit file can hold"):
        write("/a\n[Service]")


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ("/srv/x", "a service keeps its results below /var/lib"),
        ("/var/lib", "a service keeps its results below /var/lib"),
        ("/var/lib/../../etc/x", "and these are in /etc/x"),
        ("/var/lib/private/x", "systemd's own"),
    ],
)
def test_results_elsewhere_are_refused(tmp_path: Path, results: str, said: str) -> None:
    with pytest.raises(Unusable, match=said):
        units(a_service(tmp_path, results=results))


def test_a_service_sees_the_folders_that_its_job_names(tmp_path: Path) -> None:
    def of(*more: str) -> list[str]:
        path = Path("/opt/jobs/gw1.toml")
        said = {"interface": "eth0", "results": "/var/lib/x/y"}
        job = Job(path, JobTables.model_validate(said | tomllib.loads("\n".join(more))))
        text = units(job, "/opt/whichproxy")["whichproxy-gw1.service"]
        return re.findall(r"^(?:ProtectHome|PrivateTmp)=(\S+)", text, re.MULTILINE)

    assert of() == of('topology = "t.toml"', '[drift]\nagainst = "first"') == ["tmpfs", "yes"]
    assert of('topology = "/home/me/t.toml"') == of('catalogue = ["../../root/c.toml"]') == ["read-only", "yes"]
    assert of('[drift]\nexpect = "/tmp/e.toml"') == of('[drift]\nagainst = "/var/tmp/verdict.json"') == ["tmpfs", "no"]
    assert of('[on_change]\ncommand = ["/home/me/tell"]') == ["read-only", "yes"]


def test_a_users_name_is_one_and_of_one_job() -> None:
    names = ["whichproxy-gw1", "whichproxy-a.b", "whichproxy-a_b", f"whichproxy-{'x' * 40}1", f"whichproxy-{'x' * 40}2"]
    users = [user_of(name) for name in names]
    assert users[0] == "whichproxy-gw1" and len(set(users)) == len(users)
    assert all(re.fullmatch(r"[a-z_][a-zA-Z0-9_-]{0,30}", user) for user in users)


def test_a_run_with_an_end_is_ended_where_it_does_not_end_itself(tmp_path: Path) -> None:
    timed = units(a_service(tmp_path, "[schedule]", 'for = "10 min"', 'finish_within = "30 min"'))["whichproxy-gw1.service"].splitlines()
    assert "RuntimeMaxSec=2640" in timed and "TimeoutStopSec=180" in timed
    always = units(a_service(tmp_path, "[schedule]", 'finish_within = "5 s"'))["whichproxy-gw1.service"]
    assert "RuntimeMaxSec" not in always and "TimeoutStopSec=125" in always


def test_what_was_installed_is_gone_again_with_its_links_and_nothing_else(tmp_path: Path) -> None:
    job, other = a_service(tmp_path, *JOBS["timer"]), tmp_path / "whichproxy-gw10.service"
    paths = install(job, tmp_path)
    other.write_text("another job's")
    wants = tmp_path / "timers.target.wants"
    wants.mkdir()
    for name in ("whichproxy-gw1.timer", "other.timer"):
        (wants / name).symlink_to(tmp_path / name)
    assert uninstall(job, tmp_path) == [paths[0], wants / "whichproxy-gw1.timer", paths[1]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gw1.toml", "timers.target.wants", "whichproxy-gw10.service"]
    assert [link.name for link in wants.iterdir()] == ["other.timer"]
    assert uninstall(job, tmp_path) == []


def test_a_timer_that_a_job_has_no_more_is_removed(tmp_path: Path) -> None:
    install(a_service(tmp_path, *JOBS["timer"]), tmp_path)
    always = a_service(tmp_path)
    assert install(always, tmp_path) == installed(always, tmp_path) == [tmp_path / "whichproxy-gw1.service"]


def test_what_can_not_be_removed_is_told(tmp_path: Path) -> None:
    (tmp_path / "whichproxy-gw1.service").mkdir()
    with pytest.raises(Unusable, match="can't be removed"):
        uninstall(a_service(tmp_path), tmp_path)


def test_the_program_is_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd.sys, "executable", "/nowhere/python3")
    assert program_of() == ("/nowhere/python3", "-m", "analyzer")
