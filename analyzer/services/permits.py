"""Permits: the host patterns that a proxy has to let through for Defender, with ports, services and reasons."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from analyzer.errors import Unusable
from analyzer.services.catalogue import Catalogue
from analyzer.services.required import ANYWHERE, SYSTEMS, Device, required_rules

REQUIRED: Final = "required"
HTTPS: Final = 443
_NAME: Final = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Permit(NamedTuple):
    """One entry of an allow list.

    pattern   a host, or "*.x": x and every host under it
    ports     ascending
    services  slugs
    why       "required", "seen", or its failures ("2 × 407")
    source    the pattern's publisher; None: it was only seen in traffic
    """

    pattern: str
    ports: tuple[int, ...]
    services: tuple[str, ...]
    why: tuple[str, ...]
    source: str | None = None


def device_from(catalogue: Catalogue, cloud: str, geo: str, model: str, system: str = SYSTEMS[0]) -> Device:
    """The requested kind of device.

    Errors  Unusable: the catalogue has no rule for such a cloud, geography, connectivity model or operating system
    """
    known = {
        "cloud": sorted({cloud for rule in catalogue.rules for cloud in rule.cloud}),
        "geo": sorted({rule.geo for rule in catalogue.rules if rule.geo.isalnum() and rule.geo != ANYWHERE}),
        "model": sorted({model for rule in catalogue.rules for model in rule.connectivity_model}),
        "os": list(SYSTEMS),
    }
    for name, value in (("cloud", cloud), ("geo", geo), ("model", model), ("os", system)):
        if value not in known[name]:
            close = difflib.get_close_matches(value.casefold(), {each.casefold(): each for each in known[name]}, n=1)
            spelled = next((each for each in known[name] if close and each.casefold() == close[0]), None)
            raise Unusable(
                f"{value!r} is no {name} of the catalogue", f"--{name}", f"did you mean {spelled}?" if spelled else f"one of {known[name]}"
            )
    return Device(cloud, geo, model, system)


def required_permits(catalogue: Catalogue, device: Device) -> list[Permit]:
    """Everything that Microsoft requires for such a device, also where other products use it."""
    return [Permit(rule.pattern, rule.port, (rule.service,), (REQUIRED,), rule.source) for rule in required_rules(catalogue, device)]


def merged(permits: Iterable[Permit]) -> list[Permit]:
    """Each pattern once, by service and name, without invalid host names: they are captured text, which a proxy would interpret."""
    together: dict[str, list[Permit]] = {}
    for permit in permits:
        if _NAME.fullmatch(permit.pattern):
            together.setdefault(permit.pattern, []).append(permit)
    made = [
        Permit(
            pattern,
            tuple(sorted({port for permit in parts for port in permit.ports})),
            tuple(dict.fromkeys(service for permit in parts for service in permit.services)),
            tuple(dict.fromkeys(why for permit in parts for why in permit.why)),
            next((permit.source for permit in parts if permit.source), None),
        )
        for pattern, parts in together.items()
    ]
    return sorted(made, key=lambda permit: (permit.services[:1], permit.pattern.removeprefix("*."), permit.pattern))


def widest(permits: Sequence[Permit]) -> list[Permit]:
    """The permits that no wildcard among them covers on the same ports: squid warns about duplicates."""
    wild = [permit for permit in permits if permit.pattern.startswith("*.")]

    def covered(permit: Permit) -> bool:
        return any(
            other.pattern != permit.pattern
            and (permit.pattern == other.pattern[2:] or permit.pattern.endswith(other.pattern[1:]))
            and set(permit.ports) <= set(other.ports)
            for other in wild
        )

    return [permit for permit in permits if not covered(permit)]
