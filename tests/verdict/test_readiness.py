"""How far each source is on its way from the standard hosts to the streamlined ones."""

from __future__ import annotations

from typing import Any

import pytest

from tests.verdict.rows import CNC, MAPS, PROX01, flow, tunnel, verdict

EDR, CYBER, MDAV = (
    "edr-weu.eu.endpoint.security.microsoft.com",
    "eu-v20.events.endpoint.security.microsoft.com",
    "mdav.eu.endpoint.security.microsoft.com",
)


def device(*rows: dict[str, Any]) -> dict[str, Any]:
    (source,) = verdict(*rows)["sources"]
    found: dict[str, Any] = source["device"]
    return found


@pytest.mark.parametrize(
    ("hosts", "connectivity", "old"),
    [
        ((CNC,), "standard", [CNC]),
        ((EDR, MDAV), "streamlined", []),
        ((EDR, CNC), "mixed", [CNC]),
        (("crl.microsoft.com",), None, []),
    ],
)
def test_it_is_by_the_hosts_that_only_one_of_the_lists_has(hosts: tuple[str, ...], connectivity: str | None, old: list[str]) -> None:
    found = device(*(tunnel(PROX01, host) for host in hosts))
    assert (found["connectivity"], found["old_hosts"]) == (connectivity, old)


def test_a_host_of_both_lists_is_no_old_one() -> None:
    assert device(tunnel(PROX01, EDR), tunnel(PROX01, "go.microsoft.com"))["old_hosts"] == []


def test_new_services_are_those_that_worked_on_streamlined_hosts() -> None:
    worked = {"tls_version": "1.2", "tls_completed": True, "bytes_in": 9000}
    found = device(tunnel(PROX01, EDR, **worked), tunnel(PROX01, MDAV, 403), tunnel(PROX01, CNC), flow(host=MAPS, sni=MAPS))
    assert "cloud-protection" not in found["new_services"] and MAPS in found["old_hosts"]


def test_the_kind_of_device_stands_beside_it() -> None:
    found = device(tunnel(PROX01, EDR), tunnel(PROX01, "www.msftconnecttest.com"))
    assert (found["cloud"], found["geo"], found["system"]) == ("commercial", "EU", "Windows")
    assert device(tunnel(PROX01, EDR))["system"] is None


def test_a_source_without_defenders_services_has_none() -> None:
    (source,) = verdict(tunnel(PROX01, "www.example.org"))["sources"]
    assert source["device"] is None
