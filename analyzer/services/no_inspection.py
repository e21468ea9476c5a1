"""Hosts that a proxy must not open: only those that only Defender requests, as narrowly as Microsoft's lists name them.

Defender verifies the certificates of its own services and breaks off where another one is presented. All other hosts may be inspected,
above all `*.blob.core.windows.net`, where anyone can have storage (only the accounts that the lists name are excluded), and hosts that
Defender shares with other products.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from analyzer.errors import Unusable
from analyzer.services.allow_list import csv_table, plain
from analyzer.services.appliance_lists import fortigate_exemptions, palo_alto, zscaler
from analyzer.services.catalogue import Catalogue
from analyzer.services.match import match_host
from analyzer.services.permits import HTTPS, REQUIRED, Permit, widest
from analyzer.services.required import Device, required_rules
from analyzer.services.rules import OWN, Rule
from analyzer.text.words import did_you_mean


def unopened_permits(catalogue: Catalogue, device: Device) -> list[Permit]:
    """The hosts that must not be opened among those that such a device requires."""
    own = (rule for rule in required_rules(catalogue, device) if _is_only_defenders(catalogue, rule))
    return [Permit(rule.pattern, (HTTPS,), (rule.service,), (REQUIRED,), rule.source) for rule in own]


def is_only_defenders(catalogue: Catalogue, host: str) -> bool:
    """Whether only Defender requests this host; a match by a regional pattern isn't enough."""
    found = match_host(catalogue, host)
    return found.evidence == OWN and not found.is_regional


def _is_only_defenders(catalogue: Catalogue, rule: Rule) -> bool:
    """Whether every list with this pattern has it as Defender's own, exactly, for TLS."""
    others = {each.evidence for each in catalogue.rules if each.pattern == rule.pattern} - {OWN}
    return rule.evidence == OWN and not others and not rule.is_regional and HTTPS in rule.port


def unopened_written(form: str, lists: Mapping[str, Sequence[Permit]]) -> str:
    """The lists in that form, a key of NO_INSPECTION_FORMS. Errors: Unusable, no such form."""
    if form not in NO_INSPECTION_FORMS:
        remedy = did_you_mean(form, list(NO_INSPECTION_FORMS))
        raise Unusable(f"{form!r} is no form of a no-inspection list", "--no-inspection", remedy)
    return NO_INSPECTION_FORMS[form](lists)


def _squid(lists: Mapping[str, Sequence[Permit]]) -> str:
    """squid's ssl_bump rules, which identify a server by its ClientHello: `.x` is x and every host under it."""
    lines = ["# Put this above every ssl_bump rule that bumps; the name is known once the hello is, after `ssl_bump peek step1`."]
    for number, (proxy, permits) in enumerate(lists.items(), 1):
        name = f"defender_unopened{number if len(lists) > 1 else ''}"
        lines += ["", f"# for {proxy}"] if proxy else [""]
        lines += [f"acl {name} ssl::server_name {permit.pattern.removeprefix('*')}" for permit in widest(permits)]
        lines += [f"ssl_bump splice {name}"] if permits else []
    return "\n".join(lines) + "\n"


NO_INSPECTION_FORMS: Final[dict[str, Callable[[Mapping[str, Sequence[Permit]]], str]]] = {
    "plain": plain,
    "csv": csv_table,
    "squid": _squid,
    "palo-alto": palo_alto,
    "fortigate": fortigate_exemptions,
    "zscaler": zscaler,
}
"""Without PAC files: they choose a proxy and have no say in inspection."""
