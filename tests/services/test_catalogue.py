"""The built-in catalogue is the published lists, row by row, and users' files lie over it."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.services.catalogue import BUILT_IN, load_catalogue
from analyzer.services.match import match_host
from analyzer.services.own_file import check_rows
from analyzer.services.rules import Rule


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def as_published(rule: Rule) -> dict[str, object]:
    """A rule in the published list's columns, as far as the list says them in one way."""
    return {
        "pattern": rule.pattern,
        "service": rule.service,
        "group": rule.group,
        "plane": rule.plane or "",
        "evidence": rule.evidence,
        "published_name": rule.published_name,
        "category": rule.category,
        "cloud": ";".join(rule.cloud),
        "geo": rule.geo,
        "port": {str(port) for port in rule.port},
        "connectivity_model": ";".join(rule.connectivity_model),
        "os": ";".join(rule.os),
        "url_path": rule.url_path or "",
    }


def test_every_published_rule_is_in_the_catalogue_with_every_field(published: Path) -> None:
    rows = rows_of(published / "mde-services.csv")
    rules = load_catalogue().rules
    assert len(rules) == len(rows)
    for rule, row in zip(rules, rows, strict=True):
        expected: dict[str, object] = {key: row[key] for key in as_published(rule)}
        expected["port"] = set(re.findall("[0-9]+", row["port"]))
        assert as_published(rule) == expected
        assert rule.source is not None and rule.date is not None
        assert row["source"].replace("( / older)", "(older)").startswith(rule.source)
        assert (rule.notes or "").startswith(row["notes"])
        if rule.date_is == "text":
            assert rule.date[:4] in row["source"], "the date of a text is said by the text"


def test_every_published_context_host_is_in_the_catalogue(published: Path) -> None:
    rows = rows_of(published / "context-hosts.csv")
    context = load_catalogue().context
    assert list(context) == [row["host"] for row in rows]
    for row in rows:
        host = context[row["host"]]
        assert (host.plane or "", host.what, host.principal) == (row["plane"], row["what"], row["usual principal"])
        assert (host.why_listed, host.source) == (row["why listed"], row["source"])


def test_each_published_own_pattern_gives_its_own_service(published: Path) -> None:
    catalogue = load_catalogue()
    for row in rows_of(published / "mde-services.csv"):
        if row["evidence"] != "own":
            continue
        match = match_host(catalogue, row["pattern"].replace("*", "x"))
        assert (match.service, match.group, match.rule) == (row["service"], row["group"], row["pattern"])
        assert match.plane == (row["plane"] or None)


def test_no_published_shared_pattern_sets_a_service(published: Path) -> None:
    catalogue = load_catalogue()
    for row in rows_of(published / "mde-services.csv"):
        if row["evidence"] == "shared":
            match = match_host(catalogue, row["pattern"].replace("*", "x"))
            assert (match.service, match.possible) == (None, row["service"])


def test_the_built_in_file_has_the_shape_asked_of_users() -> None:
    rows = tomllib.loads(BUILT_IN.read_text("utf-8"))
    assert {table: len(rows[table]) for table in rows} == {"service": 20, "rule": 222, "context": 17, "consolidated": 6, "lookalike": 25}
    # one pattern is listed twice, for the commercial and the government clouds
    assert list(check_rows(rows, set(), set())) == []


def test_every_rule_names_source_and_date() -> None:
    catalogue = load_catalogue()
    for row in (*catalogue.rules, *catalogue.context.values(), *(row for rows in catalogue.consolidated.values() for row in rows)):
        assert row.source and re.fullmatch(r"20[0-9]{2}(-[01][0-9](-[0-3][0-9])?)?", row.date or "")


def test_also_names_other_services_that_exist() -> None:
    catalogue = load_catalogue()
    for rule in catalogue.rules:
        assert set(rule.also) <= set(catalogue.services) - {rule.service}
    for rows in catalogue.consolidated.values():
        for row in rows:
            assert set(row.also) <= set(catalogue.services)
    assert {row.service for row in catalogue.lookalikes} <= set(catalogue.services)


def test_loading_the_built_in_catalogue_imports_neither_pydantic_nor_pyarrow() -> None:
    code = (
        "import sys; from analyzer.services.catalogue import load_catalogue; load_catalogue(); "
        "print([m for m in ('pydantic', 'pyarrow', 'pandas', 'numpy') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def write(folder: Path, text: str, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_users_rule_replaces_the_built_in_ones_of_its_pattern(tmp_path: Path) -> None:
    own = write(tmp_path, '[[rule]]\npattern = "*.BLOB.core.windows.net."\nservice = "sample-upload"\n')
    catalogue = load_catalogue([own])
    match = match_host(catalogue, "contoso.blob.core.windows.net")
    assert (match.service, match.rule, match.plane) == ("sample-upload", "*.blob.core.windows.net", "antivirus")
    assert match.decided_by is not None and match.decided_by.catalogue == str(own)
    assert match_host(catalogue, "contoso.blob.core.windows.net", "/networkscannerstable/x").service == "sample-upload"
    assert match_host(catalogue, "automatedirstrprduks.blob.core.windows.net").service == "edr-sample-storage"


def test_a_users_context_host_replaces_built_in_context_and_exact_rule(tmp_path: Path) -> None:
    text = '[[context]]\nhost = "mobile.events.data.microsoft.com"\nplane = "user"\n[[context]]\nhost = "edge.microsoft.com"\n'
    catalogue = load_catalogue([write(tmp_path, text)])
    mobile = match_host(catalogue, "mobile.events.data.microsoft.com")
    assert (mobile.service, mobile.possible, mobile.plane) == (None, None, "user")
    assert match_host(catalogue, "edge.microsoft.com").plane is None


def test_a_users_own_service_and_the_last_file_on_top(tmp_path: Path) -> None:
    first = write(
        tmp_path,
        '[[service]]\nslug = "relay"\ngroup = "edr"\nplane = "sensor"\n[[rule]]\npattern = "relay.contoso.example"\nservice = "relay"\n',
        "1.toml",
    )
    second = write(tmp_path, '[[rule]]\npattern = "relay.contoso.example"\nservice = "relay"\nplane = "system"\n', "2.toml")
    match = match_host(load_catalogue([first]), "relay.contoso.example")
    assert (match.service, match.group, match.plane) == ("relay", "edr", "sensor")
    assert match_host(load_catalogue([first, second]), "relay.contoso.example").plane == "system"


def test_a_users_service_changes_the_built_in_rules_too(tmp_path: Path) -> None:
    own = write(tmp_path, '[[service]]\nslug = "smartscreen"\ngroup = "smartscreen"\nplane = "system"\n')
    assert match_host(load_catalogue([own]), "x.smartscreen.microsoft.com").plane == "system"


def test_a_users_international_name_meets_both_spellings(tmp_path: Path) -> None:
    catalogue = load_catalogue([write(tmp_path, '[[rule]]\npattern = "*.bücher.example"\nservice = "sample-upload"\n')])
    assert match_host(catalogue, "a.xn--bcher-kva.example").service == "sample-upload"
    assert match_host(catalogue, "a.bücher.example").service == "sample-upload"
    assert match_host(catalogue, "a.bucher.example").service is None


def test_required_rules_are_those_of_the_cloud_geography_and_model() -> None:
    catalogue = load_catalogue()
    patterns = {rule.pattern for rule in catalogue.required_rules(cloud="commercial", geo="EU", connectivity_model="standard")}
    assert {"winatp-gw-weu.microsoft.com", "eu-v20.events.data.microsoft.com", "*.wd.microsoft.com"} <= patterns
    assert not patterns & {"winatp-gw-uks.microsoft.com", "edr-weu.eu.endpoint.security.microsoft.com", "*.urs.microsoft.com"}
    streamlined = {rule.pattern for rule in catalogue.required_rules(cloud="commercial", geo="EU", connectivity_model="streamlined")}
    assert "edr-weu.eu.endpoint.security.microsoft.com" in streamlined and "winatp-gw-weu.microsoft.com" not in streamlined


def test_an_unknown_cloud_is_told_with_those_there_are() -> None:
    with pytest.raises(Unusable, match="use one of DoD, GCC, GCCH, commercial"):
        load_catalogue().required_rules(cloud="Azure", geo="EU", connectivity_model="standard")
