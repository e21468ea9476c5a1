"""The services that Microsoft requires of a device, and the kind of device by its traffic: cloud, geography and connectivity model.

A capture doesn't contain a device's onboarding. The hosts that it requests show it: hosts that only streamlined devices use, hosts of one
geography, hosts of a government cloud.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from analyzer.services.catalogue import Catalogue
from analyzer.services.rules import SHARED, Rule

EVERYWHERE = "WW"
ANYWHERE = "any"
"""Geography of a regional pattern: any that no list prints."""

COMMERCIAL = "commercial"
GOVERNMENT_GEO = "USGov"
SYSTEMS = ("Windows", "macOS", "Linux")
STANDARD, STREAMLINED = "standard", "streamlined"


EITHER = " or "
"""Joins the possible systems of a device: it then requires what all of them require."""


class Device(NamedTuple):
    """A device's connection; geo is EVERYWHERE where unknown. os: Windows, macOS or Linux, or "macOS or Linux"."""

    cloud: str
    geo: str
    connectivity_model: str
    os: str = "Windows"

    @property
    def kind(self) -> str:
        """`commercial, standard, EU, macOS`: the known properties, without Windows, the most frequent system."""
        geo = [] if self.geo == EVERYWHERE else [self.geo]
        return ", ".join([self.cloud, self.connectivity_model, *geo, *([] if self.os == SYSTEMS[0] else [self.os])])


def device_of(catalogue: Catalogue, patterns: Mapping[str, int], like: Device | None = None, systems: Iterable[str] = ()) -> Device:
    """The kind of device whose traffic these rules matched.

    patterns  catalogue pattern → number of flows that it named
    like      defaults for what its own traffic doesn't show: one organisation's devices share cloud and geography
    systems   its possible systems; none: unknown, and taken for Windows
    """
    like = like or Device(COMMERCIAL, EVERYWHERE, STANDARD)
    own_os = EITHER.join(system for system in SYSTEMS if system in set(systems)) or like.os
    by_pattern: dict[str, list[Rule]] = {}
    for rule in catalogue.rules:
        by_pattern.setdefault(rule.pattern, []).append(rule)
    clouds: Counter[str] = Counter()
    geos: Counter[str] = Counter()
    models: Counter[str] = Counter()
    for pattern, times in patterns.items():
        rules = by_pattern.get(pattern, [])
        models.update(dict.fromkeys(_only(rule.connectivity_model for rule in rules), times))
        clouds.update(dict.fromkeys(_only(rule.cloud for rule in rules), times))
        geos.update(dict.fromkeys(_only((rule.geo,) for rule in rules) - {EVERYWHERE, ANYWHERE}, times))
    return Device(_commonest(clouds, like.cloud), _commonest(geos, like.geo), _commonest(models, like.connectivity_model), own_os)


def _only(choices: Iterable[tuple[str, ...]]) -> set[str]:
    """The one value that all of these rules have, as a set; empty where they have several."""
    values = {value for choice in choices for value in choice}
    return values if len(values) == 1 else set()


def _commonest(counts: Counter[str], otherwise: str) -> str:
    return min(counts, key=lambda value: (-counts[value], value)) if counts else otherwise


def required_services(catalogue: Catalogue, device: Device) -> dict[str, list[Rule]]:
    """slug → its required rules, for such a device, with any evidence."""
    found: dict[str, list[Rule]] = {}
    for rule in required_rules(catalogue, device):
        found.setdefault(rule.service, []).append(rule)
    return found


def required_of_some_geography(catalogue: Catalogue, device: Device) -> set[str]:
    """Services required of such a device in at least one geography."""
    return {rule.service for rule in catalogue.rules if rule.category == "required" and _is_for(rule, device)}


def is_only_shared(rules: Iterable[Rule]) -> bool:
    """Whether other products request every host of these rules: the service can be `possible`, but never seen or missing."""
    return all(rule.counts_as == SHARED for rule in rules)


def required_rules(catalogue: Catalogue, device: Device) -> list[Rule]:
    """Rules that Microsoft requires for such a device; without a known geography those for everywhere.

    Shared ones too: a proxy has to let them through for every program. A government cloud has one geography.
    """
    geos = {device.geo, EVERYWHERE} | ({GOVERNMENT_GEO} if device.cloud != COMMERCIAL else set())
    return [rule for rule in catalogue.rules if rule.category == "required" and rule.geo in geos and _is_for(rule, device)]


def _is_for(rule: Rule, device: Device) -> bool:
    """Whether the rule is for such a device, in any geography."""
    known = all(system in rule.os for system in device.os.split(EITHER))
    return known and device.cloud in rule.cloud and device.connectivity_model in rule.connectivity_model
