"""The schemas that editors complete TOML files by accept and refuse what the program does."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from analyzer.errors import Unusable
from analyzer.jobs.begin import first_job
from analyzer.jobs.file import load_job
from analyzer.proposal.draft import draft
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import load_catalogue
from analyzer.studies.begin import first_study
from analyzer.studies.file import load_plan
from analyzer.text.toml import SCHEMAS, schema_line
from tests.conftest import ROOT
from tests.report.verdicts import fifth_test

SCHEMA = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}
TOPOLOGY = """
[[proxy]]
name = "PROX01"
address = "172.16.12.10"
port = 3128
method = "winhttp"
[[workstation]]
name = "WORKSTATION"
address = ["172.16.11.92", "2001:db8::/64"]
[gateway]
policy = "proxies-only"
certificate_issuers = ["Contoso Issuing CA"]
"""
STUDY = """
title = "Which one?"
[[proxy]]
name = "PROX01"
address = "172.16.12.10"
method = ["winhttp", "wininet"]
[[test]]
title = "All"
captures = ["a.pcapng"]
start = 2024-05-01T12:00:00Z
end = "2024-05-01T12:20:00.123456789+00:00"
configured = ["winhttp"]
[[test.session]]
logon = 2024-05-01T12:00:00Z
[[test.mark]]
at = 2024-05-01T12:05:00Z
what = "live response started"
[test.expect]
winner = { "plane:sensor" = "winhttp", "edr-command-and-control" = "none" }
eras = { "plane:sensor" = ["winhttp", "static"] }
outcome = { "plane:sensor" = "works" }
live_response = "success"
"""
JOB = """
interface = "eth0"
results = "/var/lib/whichproxy/gw1"
catalogue = ["own.toml"]
[ring]
file_size = "64 MB"
[schedule]
every = "1 h"
for = "10 min"
[drift]
failures = 1
[on_change]
webhook = "https://hooks.example.com/x"
"""
CATALOGUE = """
as_of = "2026-11-01"
[[service]]
slug = "relay"
group = "edr"
plane = "sensor"
[[rule]]
pattern = "*.contoso.example"
service = "relay"
evidence = "platform"
port = [443, 8443]
[[context]]
host = "x.contoso.example"
"""
GOOD = {"topology": TOPOLOGY, "study": STUDY, "job": JOB, "catalogue": CATALOGUE}
BAD = {
    "topology": [
        ('name = "PROX01"', 'nmae = "PROX01"'),
        ('address = "172.16.12.10"\n', ""),
        ('"172.16.12.10"', '"172.16.12.10 port 3128"'),
        ("port = 3128", "port = 0"),
        ("port = 3128", 'port = "3128"'),
        ('method = "winhttp"', 'method = "WinHTTP"'),
        ('method = "winhttp"', "method = []"),
        ("[[proxy]]", "[proxy]"),
        ('policy = "proxies-only"', 'policy = "closed"'),
        ('["172.16.11.92", "2001:db8::/64"]', "[]"),
    ],
    "study": [
        ("[[test]]", "[test]"),
        ('captures = ["a.pcapng"]', "captures = []"),
        ("2024-05-01T12:00:00Z\nend", "2024-05-01T12:00:00\nend"),
        ("2024-05-01T12:00:00Z\nend", '"noon"\nend'),
        ('configured = ["winhttp"]', 'configured = ["proxy"]'),
        ('what = "live response started"', ""),
        ('live_response = "success"', 'live_response = "yes"'),
        ('outcome = { "plane:sensor" = "works" }', 'outcome = { "plane:sensors" = "works" }'),
        ('outcome = { "plane:sensor" = "works" }', 'outcome = { "plane:sensor" = "fine" }'),
        ('method = ["winhttp", "wininet"]', "method = 1"),
        ('title = "All"', 'titel = "All"'),
    ],
    "job": [
        ('interface = "eth0"', ""),
        ('"eth0"', '"an interface with a long name"'),
        ('"64 MB"', '"64"'),
        ('"1 h"', '"1 hour"'),
        ("failures = 1", "failures = 2"),
        ("[ring]", "[rings]"),
        ('catalogue = ["own.toml"]', 'catalogue = "own.toml"'),
    ],
    "catalogue": [
        ('slug = "relay"\n', 'slug = "Relay"\n'),
        ('group = "edr"', ""),
        ('evidence = "platform"', 'evidence = "mine"'),
        ("[443, 8443]", "[443, 84430]"),
        ('plane = "sensor"', 'plane = "kernel"'),
        ('host = "x', 'hots = "x'),
    ],
}


def loads(kind: str, path: Path) -> None:
    """Nothing. Errors: Unusable."""
    readers: dict[str, Callable[[Path], Any]] = {
        "topology": load_topology,
        "study": lambda file: load_plan(file, load_catalogue(())),
        "job": load_job,
        "catalogue": lambda file: load_catalogue([file]),
    }
    readers[kind](path)


def as_json(value: object) -> Any:
    """What an editor hands its schema: times as they stand in the file."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


def fits(kind: str, text: str) -> bool:
    return jsonschema.Draft7Validator(SCHEMA[kind]).is_valid(as_json(tomllib.loads(text)))


def written(kind: str, text: str, folder: Path) -> Path:
    (folder / "a.pcapng").touch()
    path = folder / f"{kind}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_each_is_a_schema() -> None:
    assert set(SCHEMA) == set(GOOD) == set(BAD)
    for schema in SCHEMA.values():
        jsonschema.Draft7Validator.check_schema(schema)
        assert "null" not in re.findall(r'"type": "(\w+)"', json.dumps(schema))


@pytest.mark.parametrize("kind", list(GOOD))
def test_what_the_program_reads_fits(kind: str, tmp_path: Path) -> None:
    loads(kind, written(kind, GOOD[kind], tmp_path))
    assert fits(kind, GOOD[kind])


@pytest.mark.parametrize(("kind", "right", "wrong"), [(kind, *pair) for kind, pairs in BAD.items() for pair in pairs])
def test_what_the_program_refuses_does_not_fit(kind: str, right: str, wrong: str, tmp_path: Path) -> None:
    assert right in GOOD[kind]
    text = GOOD[kind].replace(right, wrong, 1)
    with pytest.raises(Unusable):
        loads(kind, written(kind, text, tmp_path))
    assert not fits(kind, text)


def test_committed_files_fit() -> None:
    captures = ROOT / "captures"
    for path in (captures / "topology.toml", *(captures / "situations").glob("*.topology.toml")):
        assert fits("topology", path.read_text(encoding="utf-8")), path
    assert fits("study", (captures / "study.toml").read_text(encoding="utf-8"))
    assert fits("catalogue", (ROOT / "analyzer" / "services" / "catalogue.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["topology", "study", "job"])
def test_files_to_begin_from_name_their_schema_and_fit_it(kind: str, tmp_path: Path) -> None:
    made = {
        "topology": lambda: draft(fifth_test()),
        "study": lambda: first_study(str(tmp_path / "study.toml"), []),
        "job": lambda: first_job(str(tmp_path / "job.toml")),
    }
    text = made[kind]()
    first, _, _ = text.partition("\n\n")
    assert schema_line(kind) in first.splitlines(), "in the comments at its head"
    assert fits(kind, text)
    assert Path(schema_line(kind).removeprefix("#:schema file://")) == SCHEMAS / f"{kind}.json"
