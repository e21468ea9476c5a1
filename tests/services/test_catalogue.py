"""The built-in catalogue is the published lists, row by row, and users' files lie over it."""

from __future__ import annotations

import csv
import hashlib
import re
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest

from analyzer.services.built_in import FILE as BUILT_IN
from analyzer.services.catalogue import Catalogue, load_catalogue
from analyzer.services.match import match_host
from analyzer.services.own_file import check_rows
from analyzer.services.rules import Consolidated, ContextHost, Rule


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
    said = ""
    for rule, row in zip(rules, rows, strict=True):
        expected: dict[str, object] = {key: row[key] for key in as_published(rule)}
        expected["port"] = set(re.findall("[0-9]+", row["port"]))
        expected["category"] = row["category"] or "unlisted"
        assert as_published(rule) == expected
        assert rule.source is not None and rule.date is not None
        said = re.sub("^same", said, row["source"])  # "same" is the row before
        assert said.replace("( / older)", "(older)").startswith(rule.source)
        assert (rule.notes or "").startswith(row["notes"].rstrip("; "))
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


@pytest.mark.parametrize("letters", ["x", "a-1"])
def test_each_published_pattern_gives_its_service_and_its_plane(published: Path, letters: str) -> None:
    """But for a name that another row knows better, the context's planes, and what its evidence doesn't allow it to say."""
    catalogue = load_catalogue()
    for row in rows_of(published / "mde-services.csv"):
        if row["evidence"] == "path":
            continue
        match = match_host(catalogue, row["pattern"].replace("*", letters))
        if row["evidence"] == "shared":
            assert match.service is None and (match.plane is None or match.context is not None)
            assert match.possible_by is not None and row["pattern"] == match.possible_by.pattern
        else:
            assert (match.service, match.group, match.evidence) == (row["service"], row["group"], row["evidence"])
            assert (match.rule, match.plane, match.possible) == (row["pattern"], row["plane"] or None, None)
            assert row["evidence"] == "own" or match.plane in (None, "system", "user")


def test_no_host_of_another_product_is_defenders_own(published: Path) -> None:
    """Wildcards are tried by names under them: x, a name of several labels, and the bare name."""
    catalogue = load_catalogue()
    rows = rows_of(published / "other-products.csv")
    assert len(rows) > 60
    for row in rows:
        for host in {row["host"].replace("*", letters).removeprefix(".") for letters in ("x", "a.b-1", "")}:
            for path in (None, "/", "/pki/a.crl"):
                match = match_host(catalogue, host, path)
                assert match.evidence in (None, "platform"), f"{host} of {row['product']} is Defender's own by {match.rule}"
                assert match.plane not in ("sensor", "antivirus")


def test_the_built_in_file_has_the_shape_asked_of_users() -> None:
    rows = tomllib.loads(BUILT_IN.read_text("utf-8"))
    tables = {table: len(found) for table, found in rows.items() if isinstance(found, list)}
    assert tables == {"service": 20, "rule": 245, "context": 23, "consolidated": 6, "lookalike": 25}
    assert list(check_rows(rows, set(), set())) == []


def test_every_rule_names_source_and_date() -> None:
    catalogue = load_catalogue()
    consolidated = [row for rows in catalogue.consolidated.values() for row in rows]
    sourced: list[Rule | ContextHost | Consolidated] = [*catalogue.rules, *catalogue.context.values(), *consolidated]
    for row in sourced:
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


def test_a_rule_says_that_its_host_does_not_tell_the_plane_of_its_service(tmp_path: Path) -> None:
    own = write(tmp_path, '[[rule]]\npattern = "a.example"\nservice = "cloud-protection"\nplane = "none"\n')
    match = match_host(load_catalogue([own]), "a.example")
    assert (match.service, match.evidence, match.plane) == ("cloud-protection", "own", None)


def test_a_users_platform_rule_never_speaks_for_the_antivirus(tmp_path: Path) -> None:
    own = write(tmp_path, '[[rule]]\npattern = "*.a.example"\nservice = "cloud-protection"\nevidence = "platform"\n')
    match = match_host(load_catalogue([own]), "x.a.example")
    assert (match.service, match.evidence, match.plane) == ("cloud-protection", "platform", None)


def test_a_users_regions_and_what_is_not_defenders(tmp_path: Path) -> None:
    text = (
        '[[rule]]\npattern = "GW-*.contoso.example."\nservice = "edr-command-and-control"\n'
        '[[context]]\nhost = "*.events.data.microsoft.com"\nplane = "user"\n'
    )
    catalogue = load_catalogue([write(tmp_path, text)])
    match = match_host(catalogue, "gw-weu.contoso.example")
    assert (match.service, match.rule, match.plane, match.is_regional) == (
        "edr-command-and-control",
        "gw-*.contoso.example",
        "sensor",
        True,
    )
    emea = match_host(catalogue, "emea.events.data.microsoft.com")
    assert (emea.service, emea.possible, emea.plane) == (None, None, "user")


def test_the_catalogue_says_its_day_and_the_digest_of_its_files(tmp_path: Path) -> None:
    alone = load_catalogue()
    assert alone.sha256 == hashlib.sha256(BUILT_IN.read_bytes()).hexdigest()
    assert alone.as_of is not None and date.fromisoformat(alone.as_of) >= date.fromisoformat(max(rule.date or "" for rule in alone.rules))
    silent = write(tmp_path, '[[context]]\nhost = "a.example"\n', "silent.toml")
    dated = write(tmp_path, 'as_of = "2027-02-03"\r\n[[context]]\r\nhost = "b.example"\r\n', "dated.toml")
    both = load_catalogue([dated, silent])
    assert both.as_of == "2027-02-03" and load_catalogue([silent]).as_of == alone.as_of
    files = [BUILT_IN, dated, silent]
    assert both.sha256 == hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@pytest.mark.parametrize(
    ("as_of", "day", "old"),
    [
        ("2026-11-26", "2027-11-26", False),
        ("2026-11-26", "2027-11-28", True),
        ("2026-11-26", "2020-01-01", False),
        (None, "2027-11-28", False),
    ],
)
def test_a_catalogue_is_old_after_a_year(as_of: str | None, day: str, old: bool) -> None:
    assert Catalogue([], [], as_of=as_of).is_a_year_old_on(date.fromisoformat(day)) is old


def test_a_users_international_name_meets_both_spellings(tmp_path: Path) -> None:
    catalogue = load_catalogue([write(tmp_path, '[[rule]]\npattern = "*.bücher.example"\nservice = "sample-upload"\n')])
    assert match_host(catalogue, "a.xn--bcher-kva.example").service == "sample-upload"
    assert match_host(catalogue, "a.bücher.example").service == "sample-upload"
    assert match_host(catalogue, "a.bucher.example").service is None
