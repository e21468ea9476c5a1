"""What stands in an allow list, and what must not get into one."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.services.catalogue import load_catalogue
from analyzer.services.permits import Permit, device_from, merged, required_permits, widest
from analyzer.services.required import Device, required_rules

CATALOGUE = load_catalogue()


def permit(pattern: str, *ports: int, service: str = "s", why: str = "required", source: str | None = None) -> Permit:
    return Permit(pattern, ports or (443,), (service,), (why,), source)


def test_the_device_is_the_one_asked_for() -> None:
    assert device_from(CATALOGUE, "commercial", "EU", "streamlined") == Device("commercial", "EU", "streamlined")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("comercial", "EU", "standard"), "--cloud: 'comercial' is no cloud of the catalogue; did you mean commercial?"),
        (("commercial", "eu", "standard"), "--geo: 'eu' is no geo of the catalogue; did you mean EU?"),
        (("commercial", "EU", "standard", "macos"), "--os: 'macos' is no os of the catalogue; did you mean macOS?"),
        (("commercial", "any", "standard"), "--geo: 'any' is no geo of the catalogue; one of "),
        (("commercial", "EU", "x"), "--model: 'x' is no model of the catalogue; one of ['standard', 'streamlined']"),
    ],
)
def test_what_the_catalogue_does_not_know_is_refused(asked: tuple[str, ...], said: str) -> None:
    with pytest.raises(Unusable) as refused:
        device_from(CATALOGUE, *asked)
    assert str(refused.value).startswith(said)


def test_required_is_every_required_rule_of_such_a_device() -> None:
    device = Device("commercial", "EU", "standard")
    assert {p.pattern for p in required_permits(CATALOGUE, device)} == {rule.pattern for rule in required_rules(CATALOGUE, device)}
    assert {p.pattern for p in merged(required_permits(CATALOGUE, device))} == {rule.pattern for rule in required_rules(CATALOGUE, device)}


@pytest.mark.parametrize("cloud", ["commercial", "GCC", "GCCH", "DoD"])
@pytest.mark.parametrize("model", ["standard", "streamlined"])
@pytest.mark.parametrize("system", ["Windows", "macOS", "Linux"])
def test_no_allow_list_lacks_a_required_row_of_its_list(published: Path, cloud: str, model: str, system: str) -> None:
    """Row by row against the published list, for every geography; with the row's ports; and nothing stands in it that isn't required."""
    with (published / "mde-services.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    geos = {row["geo"] for row in rows if row["geo"].isalnum()} - {"any"}
    assert len(geos) > 5
    for geo in geos:
        wanted: dict[str, set[int]] = {}
        for row in rows:
            if (
                row["category"] == "required"
                and cloud in row["cloud"].split(";")
                and model in row["connectivity_model"].split(";")
                and system in row["os"].split(";")
                and (row["geo"] in (geo, "WW") or (cloud != "commercial" and row["geo"] == "USGov"))
            ):
                wanted.setdefault(row["pattern"], set()).update(map(int, re.findall("[0-9]+", row["port"])))
        permits = merged(required_permits(CATALOGUE, device_from(CATALOGUE, cloud, geo, model, system)))
        assert wanted and {permit.pattern: set(permit.ports) for permit in permits} == wanted


def test_each_pattern_stands_once_with_all_that_is_known_of_it() -> None:
    made = merged([permit("a.example", 443, service="x", source="here"), permit("a.example", 80, service="y", why="failed: 1 × 403")])
    assert made == [Permit("a.example", (80, 443), ("x", "y"), ("required", "failed: 1 × 403"), "here")]


@pytest.mark.parametrize(
    "name",
    ["a.example\nhttp_access allow all", '"+alert(1)+".example', "=cmd()", "a b.example", "*.", "*", "", "a", "-a.example", "a..example",
     "\u202eelpmaxe.a", "1.2.3.4/0", ".example", "*.*.example", "a.example#"],
)  # fmt: skip
def test_no_strangers_text_becomes_a_rule(name: str) -> None:
    assert merged([permit(name), permit("a.example")]) == [permit("a.example")]


def test_what_a_wildcard_takes_in_is_not_said_again() -> None:
    permits = [permit("*.x.example"), permit("x.example"), permit("a.x.example"), permit("a.x.example", 80), permit("notx.example")]
    assert widest(permits) == [permits[0], permits[3], permits[4]]
    assert widest([permit("*.a.x.example"), permit("*.x.example")]) == [permit("*.x.example")]
