"""Which kind of device asks, by the rules that matched, and what is required of such a one."""

from analyzer.services.catalogue import load_catalogue
from analyzer.services.match import match_host
from analyzer.services.required import Device, device_of, required_rules, required_services

CATALOGUE = load_catalogue()


def patterns(*hosts: str) -> dict[str, int]:
    found = [match_host(CATALOGUE, host).rule for host in hosts]
    return {rule: found.count(rule) for rule in found if rule is not None}


def test_streamlined_hosts_tell_a_streamlined_device_and_its_geography() -> None:
    assert device_of(CATALOGUE, patterns("edr-weu.eu.endpoint.security.microsoft.com")) == Device("commercial", "EU", "streamlined")


def test_standard_hosts_tell_a_standard_device() -> None:
    device = device_of(CATALOGUE, patterns("winatp-gw-weu.microsoft.com", "winatp-gw-neu.microsoft.com"))
    assert (device.cloud, device.connectivity_model) == ("commercial", "standard")


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
