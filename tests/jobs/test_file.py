"""Job files: what is understood, and every mistake with its key and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import Mistakes, Unusable
from analyzer.jobs.file import EXAMPLES, Job, JobTables, load_job

LEAST = 'interface = "eth0"\nresults = "r"\n'


def job(folder: Path, text: str, name: str = "gw1.toml") -> Job:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_job(path)


def test_the_least_is_an_interface_and_a_place(tmp_path: Path) -> None:
    found = job(tmp_path, LEAST)
    assert (found.name, found.results, found.packets) == ("gw1", tmp_path / "r", tmp_path / "r" / "packets")
    assert (found.settings.ring.file_size, found.settings.ring.file_time, found.settings.schedule.every, found.settings.schedule.for_) == (
        64_000_000,
        60,
        3600,
        None,
    )


def test_paths_are_taken_from_where_the_file_lies_and_amounts_have_units(tmp_path: Path) -> None:
    found = job(
        tmp_path,
        LEAST
        + 'name = "a"\ntopology = "t.toml"\ncatalogue = ["c.toml"]\n[ring]\nfile_size = "1.5 MiB"\nfile_time = "2 min"\n'
        + '[schedule]\nevery = "2 h"\nfor = "90s"\n[on_change]\ntextfile = "/x/y.prom"\n[drift]\nexpect = "e.toml"\nfailures = 0\n',
    )
    assert (found.topology, found.catalogues, found.expect) == (tmp_path / "t.toml", [tmp_path / "c.toml"], tmp_path / "e.toml")
    assert found.textfile == Path("/x/y.prom")
    assert (found.settings.ring.file_size, found.settings.ring.file_time, found.settings.schedule.for_) == (1_572_864, 120, 90)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("ring = 3", "ring: 3 can't be used; write [ring] with file_size and file_time"),
        ("nam = 'x'", "nam: unknown key; did you mean name?"),
        ("[schedule]\nfo = '1 h'", "[schedule], fo: unknown key; did you mean for?"),
        ("[ring]\nfile_size = 64", "[ring], file_size: 64 is no size: a number and kB, MB, GB, TB, KiB, MiB, GiB, TiB, in quotes"),
        ("[ring]\nfile_time = '0 s'", "[ring], file_time: '0 s' is no time"),
        ("[schedule]\nevery = '1 min'\nfor = '2 min'", "schedule: a run is longer than the time until the next one"),
        ("[drift]\nfailures = 2", "[drift], failures: 2 can't be used; write failures = 0.1"),
        ("[on_change]\ncommand = []", "[on_change], command: it can't be used; write command = ["),
        ("[on_change]\nwebhook = 'ftp://x'", "[on_change], webhook: no http or https address"),
        ("[retention]\npacket_days = 0", "[retention], packet_days: 0 can't be used; write packet_days = 7"),
        ("tool = 'scapy'", "tool: 'scapy' is no tool; write tool = \"dumpcap\""),
        ("name = '../x'", "name: '../x' is no name"),
    ],
)
def test_a_mistake_is_told_with_its_key(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(Mistakes) as caught:
        job(tmp_path, LEAST + lines)
    (cause,) = caught.value.causes
    assert str(cause).startswith(f"{tmp_path / 'gw1.toml'}: {said}")


@pytest.mark.parametrize(
    "lines",
    [
        "[on_change]\nwebhook = 'ftp://s3cr3t'",
        "[on_change]\nwebhook = 'https://s3cr3t:pass@x/'",
        "[on_change]\nwebhook = 'https://x:s3cr3t/'",
        "[on_change]\nwebhook = 'https://x/s3cr3t y'",
        "[on_change]\nwebhook = 'https://x/s3cr3t\u00e4'",
        "[on_change]\nwebhook = ['https://x/s3cr3t']",
        "[on_change]\nhook = 'https://x/s3cr3t'",
        "on_change = 'https://x/s3cr3t'",
        "on_change = ['https://x/s3cr3t']",
    ],
)
def test_a_webhooks_address_is_in_no_message(tmp_path: Path, lines: str) -> None:
    with pytest.raises(Mistakes) as caught:
        job(tmp_path, LEAST + lines)
    assert "s3cr3t" not in str(caught.value)
    kept = job(tmp_path, LEAST + "[on_change]\nwebhook = 'https://x/s3cr3t'")
    assert "s3cr3t" not in repr(kept.settings) and kept.settings.on_change.webhook is not None
    assert kept.settings.on_change.webhook.get_secret_value() == "https://x/s3cr3t"


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        job(tmp_path, 'interface = "-w"\nnonsense = 1\n')
    assert len(caught.value.causes) == 3


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"\xff", "not UTF-8 text at byte 0"), (b"x", "not valid TOML"), (None, "can't read the job: no such file")],
)
def test_what_is_no_job_file_is_told(tmp_path: Path, data: bytes | None, said: str) -> None:
    path = tmp_path / "job.toml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(Unusable, match=said):
        load_job(path)


def test_a_file_whose_name_is_no_name_for_a_job_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="no name for a job"):
        job(tmp_path, LEAST, "my job.toml")


def test_every_key_has_an_example() -> None:
    keys = set()
    for name, field in JobTables.model_fields.items():
        keys.add(name)
        inner = getattr(field.annotation, "model_fields", {})
        keys |= {one.alias or key for key, one in inner.items()}
    assert keys <= set(EXAMPLES)
