"""The job file to begin from is one, and shows every key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from analyzer.jobs import begin
from analyzer.jobs.begin import first_job, interfaces_here
from analyzer.jobs.file import JobTables, load_job
from analyzer.jobs.systemd import units


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "net"
    for name, state in (("lo", "unknown"), ("eth1", "up"), ("eth0", "down"), ("br0", "up"), ('we"ird\x7f', "down")):
        (folder / name).mkdir(parents=True)
        (folder / name / "operstate").write_text(f"{state}\n")
    (folder / "bonding_masters").write_text("")
    monkeypatch.setattr(interfaces_here, "__defaults__", (folder,))
    return folder


@pytest.mark.parametrize(("file", "name"), [("gw1.toml", "gw1"), ("our gateway.toml", "job"), (".toml", "job"), ("ü%.toml", "job")])
def test_it_is_a_job_as_it_stands(tmp_path: Path, net: Path, file: str, name: str) -> None:
    path = tmp_path / file
    path.write_text(first_job(str(path)), encoding="utf-8")
    job = load_job(path)
    assert (job.name, job.settings.interface, str(job.results)) == (name, "br0", f"/var/lib/whichproxy/{name}")
    assert (job.settings.schedule.for_, job.settings.schedule.every) == (600, 3600)
    assert list(units(job)) == [f"whichproxy-{name}.service", f"whichproxy-{name}.timer"]


def test_every_key_is_shown_and_what_is_commented_out_can_be_used(tmp_path: Path, net: Path) -> None:
    text = first_job("gw1.toml")
    whole = re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.MULTILINE)
    said = tomllib.loads(whole)
    JobTables.model_validate(said)
    for table, kind in (("", JobTables), *((name, field.annotation) for name, field in JobTables.model_fields.items() if name in said)):
        if table and not isinstance(said[table], dict):
            continue
        keys = {field.alias or name for name, field in kind.model_fields.items()} - {"name"}  # type: ignore[union-attr]
        assert keys <= set(said[table] if table else said), table


def test_what_is_shown_as_the_rule_is_the_rule(net: Path) -> None:
    """A line that is commented out changes nothing where it shows what holds without it."""
    text = first_job("gw1.toml")
    rules = ("full", "memory", "finish_within", "file_size", "file_time", "packet_bytes", "against", "failures")
    whole = re.sub(rf"^# (?=(?:{'|'.join(rules)}) = )", "", text, flags=re.MULTILINE)
    assert whole.count("\n# ") == text.count("\n# ") - len(rules)
    assert JobTables.model_validate(tomllib.loads(whole)) == JobTables.model_validate(tomllib.loads(text))


def test_interfaces_that_are_up_come_first_and_the_loopback_never(net: Path) -> None:
    assert interfaces_here() == ["br0", "eth1", "eth0", 'we"ird\x7f']
    assert '# also here: "eth1", "eth0"' in first_job("gw1.toml")
    assert interfaces_here(net / "gone") == []


def test_a_machine_without_any_has_an_example(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begin, "interfaces_here", list)
    assert 'interface = "eth0"\n' in first_job("gw1.toml")
    monkeypatch.setattr(begin, "interfaces_here", lambda: ['we"ird\x7f'])
    assert tomllib.loads(first_job("gw1.toml"))["interface"] == 'we"ird\x7f'
