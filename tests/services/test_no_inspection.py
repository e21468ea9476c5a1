"""What must not be opened: nothing that others ask for too, and never a whole cloud's storage."""

from __future__ import annotations

import csv
import itertools
from fnmatch import fnmatchcase

import pytest

from analyzer.errors import Unusable
from analyzer.services.catalogue import load_catalogue
from analyzer.services.no_inspection import NO_INSPECTION_FORMS, is_only_defenders, unopened_permits, unopened_written
from analyzer.services.permits import merged
from analyzer.services.required import Device
from analyzer.services.rules import OWN
from tests.services.facts import FACTS, needs_facts

CATALOGUE = load_catalogue()
DEVICES = [
    Device(cloud, geo, model, system)
    for cloud, geos in (("commercial", ("WW", "US", "EU", "UK", "AU")), ("GCC", ("USGov",)), ("GCCH", ("USGov",)), ("DoD", ("USGov",)))
    for geo, model, system in itertools.product(geos, ("standard", "streamlined"), ("Windows", "macOS", "Linux"))
]
EVERY = sorted({permit.pattern for device in DEVICES for permit in unopened_permits(CATALOGUE, device)})


def takes_in(pattern: str, host: str) -> bool:
    return host == pattern or (pattern.startswith("*.") and (host == pattern[2:] or host.endswith(pattern[1:])))


def test_never_a_whole_clouds_storage_nor_a_guess() -> None:
    assert EVERY
    assert not [pattern for pattern in EVERY if pattern.startswith("*.") and ("blob.core" in pattern or pattern.count(".") < 3)]
    assert not [pattern for pattern in EVERY if "*" in pattern.removeprefix("*.")]
    assert all(not takes_in(pattern, "anybody.blob.core.windows.net") for pattern in EVERY)


def test_never_a_host_that_others_ask_for_too() -> None:
    shared = {rule.pattern.removeprefix("*.") for rule in CATALOGUE.rules if rule.evidence != OWN}
    strange = shared | {host.removeprefix("*.") for host in CATALOGUE.context}
    assert len(strange) > 40
    assert [(pattern, host) for pattern in EVERY for host in strange if takes_in(pattern, host)] == []


@needs_facts
def test_never_a_host_of_another_product() -> None:
    with (FACTS / "other-products.csv").open(encoding="utf-8") as file:
        hosts = [row[next(iter(row))] for row in csv.DictReader(file)]
    assert len(hosts) > 40
    assert [
        (p, host) for p in EVERY for host in hosts if takes_in(p, host.removeprefix("*.")) or fnmatchcase(p.removeprefix("*."), host)
    ] == []


def test_what_only_defender_asks_for_is_there() -> None:
    streamlined = {permit.pattern for permit in unopened_permits(CATALOGUE, Device("commercial", "EU", "streamlined"))}
    assert "*.endpoint.security.microsoft.com" in streamlined
    standard = {permit.pattern for permit in unopened_permits(CATALOGUE, Device("commercial", "EU", "standard"))}
    assert {"winatp-gw-weu.microsoft.com", "*.wdcp.microsoft.com", "usseu1westprod.blob.core.windows.net"} <= standard
    assert not {"crl.microsoft.com", "go.microsoft.com", "*.smartscreen.microsoft.com"} & standard


def test_a_host_that_was_seen_counts_only_where_a_list_names_it() -> None:
    assert is_only_defenders(CATALOGUE, "winatp-gw-weu.microsoft.com") and is_only_defenders(CATALOGUE, "a.b.wd.microsoft.com")
    for host in ("winatp-gw-xyz.microsoft.com", "automatedirstrevil.blob.core.windows.net", "crl.microsoft.com", "www.example.org"):
        assert not is_only_defenders(CATALOGUE, host), host


@pytest.mark.parametrize("form", NO_INSPECTION_FORMS)
def test_every_form_has_every_pattern(form: str) -> None:
    permits = merged(unopened_permits(CATALOGUE, Device("commercial", "EU", "standard")))
    text = unopened_written(form, {"10.0.0.1:3128": permits})
    assert all(permit.pattern.removeprefix("*") in text for permit in permits if permit.pattern.count(".") < 5 and "*" in permit.pattern)
    assert unopened_written(form, {}).endswith("\n")


def test_squid_splices_them() -> None:
    permits = merged(unopened_permits(CATALOGUE, Device("commercial", "EU", "standard")))
    lines = unopened_written("squid", {"10.0.0.1:3128": permits}).splitlines()
    assert "acl defender_unopened ssl::server_name .wdcp.microsoft.com" in lines and lines[-1] == "ssl_bump splice defender_unopened"


def test_no_such_form() -> None:
    with pytest.raises(Unusable, match="'pac' is no form of a no-inspection list"):
        unopened_written("pac", {})
