"""Lists in the forms that appliances import, by what their makers' pages say those forms mean."""

from __future__ import annotations

import re

from analyzer.services.appliance_lists import fortigate_addresses, fortigate_exemptions, palo_alto, zscaler
from analyzer.services.permits import Permit

WILD, NAMED = Permit("*.wd.microsoft.com", (443,), ("cloud-protection",), ("required",)), Permit("a.example", (80,), ("x",), ("seen",))
LISTS = {"10.0.0.1:3128": [WILD, NAMED], "10.0.0.2:3128": [NAMED]}


def palo_alto_takes(entries: list[str], url: str) -> bool:
    """As the maker's page has it: every entry ends with a slash, after which any path goes on; a leading `*.` needs a label at least."""
    shapes = [re.escape(entry).replace(re.escape("*."), r"([^/]+\.)+", 1) for entry in entries]
    return any(re.match(shape, url) for shape in shapes)


def zscaler_takes(entries: list[str], host: str) -> bool:
    """`.x` is x and up to five labels under it; without the period that host only."""
    return any(
        host == entry.removeprefix(".") or (entry.startswith(".") and host.endswith(entry) and host.removesuffix(entry).count(".") < 5)
        for entry in entries
    )


def test_palo_alto_takes_in_the_name_and_what_is_under_it_and_nothing_that_only_begins_like_it() -> None:
    entries = palo_alto(LISTS).splitlines()
    assert entries == ["wd.microsoft.com/", "*.wd.microsoft.com/", "a.example/"]
    for url, taken in (
        ("wd.microsoft.com/", True), ("x.wd.microsoft.com/", True), ("eu.cp.wd.microsoft.com/api", True), ("a.example/x", True),
        ("b.a.example/", False), ("wd.microsoft.com.evil.example/", False), ("evilwd.microsoft.com/", False),
    ):  # fmt: skip
        assert palo_alto_takes(entries, url) is taken, url


def test_zscaler_takes_in_the_same() -> None:
    entries = zscaler(LISTS).splitlines()
    assert entries == [".wd.microsoft.com", "a.example"]
    for host, taken in (
        ("wd.microsoft.com", True),
        ("eu.cp.wd.microsoft.com", True),
        ("b.a.example", False),
        ("evilwd.microsoft.com", False),
    ):
        assert zscaler_takes(entries, host) is taken, host


def test_fortigate_has_an_object_for_the_name_and_one_for_what_is_under_it() -> None:
    addresses = fortigate_addresses(LISTS)
    assert addresses.startswith('config firewall address\n    edit "defender wd.microsoft.com"\n        set type fqdn\n')
    assert re.findall(r'set fqdn "(.*)"', addresses) == ["wd.microsoft.com", "*.wd.microsoft.com", "a.example"]
    exemptions = fortigate_exemptions(LISTS)
    assert exemptions.startswith("config firewall wildcard-fqdn custom\n") and exemptions.endswith("    next\nend\n")
    assert re.findall(r'set wildcard-fqdn "(.*)"', exemptions) == ["wd.microsoft.com", "*.wd.microsoft.com", "a.example"]
    assert exemptions.count("edit ") == exemptions.count("next") == 3
