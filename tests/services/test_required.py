"""Which kind of device asks, by the rules that matched, and what is required of such a one."""

from analyzer.services.catalogue import load_catalogue
from analyzer.services.match import match_host
from analyzer.services.required import Device, device_of, is_only_shared, required_of_some_geography, required_rules, required_services

CATALOGUE = load_catalogue()


def patterns(*hosts: str) -> dict[str, int]:
    found = [match_host(CATALOGUE, host).rule for host in hosts]
    return {rule: found.count(rule) for rule in found if rule is not None}


def test_streamlined_hosts_tell_a_streamlined_device_and_its_geography() -> None:
    assert device_of(CATALOGUE, patterns("edr-weu.eu.endpoint.security.microsoft.com")) == Device("commercial", "EU", "streamlined")


def test_standard_hosts_tell_a_standard_device() -> None:
    device = device_of(CATALOGUE, patterns("winatp-gw-weu.microsoft.com", "winatp-gw-neu.microsoft.com"))
    assert (device.cloud, device.connectivity_model) == ("commercial", "standard")


def test_a_region_that_no_list_prints_tells_no_geography() -> None:
    assert device_of(CATALOGUE, patterns("winatp-gw-swn.microsoft.com")) == Device("commercial", "WW", "standard")


def test_nothing_tells_nothing() -> None:
    assert device_of(CATALOGUE, {}) == Device("commercial", "WW", "standard")
    assert device_of(CATALOGUE, {"no.such.rule": 3}) == Device("commercial", "WW", "standard")


def test_required_is_what_the_catalogue_calls_so_for_that_device() -> None:
    device = Device("commercial", "EU", "standard")
    rules = required_rules(CATALOGUE, device)
    assert rules and all(rule.category == "required" and "Windows" in rule.os for rule in rules)
    assert {rule.geo for rule in rules} <= {"EU", "WW"}
    services = required_services(CATALOGUE, device)
    assert {"edr-command-and-control", "certificate-trust"} <= set(services)
    assert sum(map(len, services.values())) == len(rules)


def test_required_rules_are_those_of_the_cloud_geography_and_model() -> None:
    found = {rule.pattern for rule in required_rules(CATALOGUE, Device("commercial", "EU", "standard"))}
    assert {"winatp-gw-weu.microsoft.com", "eu-v20.events.data.microsoft.com", "*.wd.microsoft.com"} <= found
    assert not found & {"winatp-gw-uks.microsoft.com", "edr-weu.eu.endpoint.security.microsoft.com", "*.urs.microsoft.com"}
    streamlined = {rule.pattern for rule in required_rules(CATALOGUE, Device("commercial", "EU", "streamlined"))}
    assert "edr-weu.eu.endpoint.security.microsoft.com" in streamlined and "winatp-gw-weu.microsoft.com" not in streamlined


def test_a_pattern_is_required_where_its_list_says_so() -> None:
    """Windows Update's hosts: optional in the standard list, required in the streamlined one."""
    assert "*.update.microsoft.com" not in {rule.pattern for rule in required_rules(CATALOGUE, Device("commercial", "WW", "standard"))}
    assert "*.update.microsoft.com" in {rule.pattern for rule in required_rules(CATALOGUE, Device("commercial", "WW", "streamlined"))}


def test_required_comes_through_all_evidence_and_says_which_services_can_never_be_seen() -> None:
    services = required_services(CATALOGUE, Device("commercial", "EU", "standard"))
    assert {rule.evidence for rules in services.values() for rule in rules} == {"own", "platform", "shared", "path"}
    assert {slug for slug, rules in services.items() if is_only_shared(rules)} == {"defender-core-telemetry", "defender-core-configuration"}
    assert not is_only_shared(services["certificate-trust"]) and not is_only_shared(services["edr-cyber-data"])


def test_what_is_required_in_some_geography_goes_by_cloud_and_connectivity() -> None:
    device = Device("commercial", "WW", "standard")
    standard = required_of_some_geography(CATALOGUE, device)
    assert {"edr-command-and-control", "edr-sample-storage"} <= standard
    assert (
        not {"edr-command-and-control", "edr-sample-storage"} <= required_services(CATALOGUE, Device("commercial", "WW", "standard")).keys()
    )
    assert "security-portal" not in standard


def test_what_nothing_tells_is_as_of_the_devices_beside_it_and_the_system_as_it_was_told() -> None:
    beside = Device("GCC", "USGov", "streamlined")
    assert device_of(CATALOGUE, {}, beside, ["macOS"]) == Device("GCC", "USGov", "streamlined", "macOS")
    either = device_of(CATALOGUE, {}, systems={"Linux", "macOS"})
    assert (either.os, either.kind) == ("macOS or Linux", "commercial, standard, macOS or Linux")


def test_of_a_device_that_may_be_either_what_both_need_is_required() -> None:
    def needed(os: str) -> set[str]:
        return {rule.pattern for rule in required_rules(CATALOGUE, Device("commercial", "WW", "standard", os))}

    assert needed("macOS or Linux") <= needed("macOS") & needed("Linux")
    assert needed("Linux") - needed("macOS or Linux")
