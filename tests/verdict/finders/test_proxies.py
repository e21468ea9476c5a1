"""Proxies that aren't where the topology has them, one that only one address family reaches, and one behind TLS."""

from typing import Any

from analyzer.routes.topology import topology_from
from tests.verdict.rows import CNC, PROX01, PROX03, flow, tunnel, verdict

STRANGER = "192.0.2.9:8080"


def told(code: str, *rows: dict[str, Any], **options: Any) -> list[str]:
    return [finding["text"] for finding in verdict(*rows, **options)["findings"] if finding["code"] == code]


def test_a_proxy_that_the_topology_does_not_name_while_one_of_its_own_is_met_by_nobody() -> None:
    (text,) = told("topology-unmatched", tunnel(PROX01, CNC), tunnel(STRANGER, CNC))
    assert text.startswith("the topology names PROX02") and text.endswith(f"{STRANGER} was used and has no name in it")
    assert told("topology-unmatched", tunnel(PROX01, CNC)) == []


def test_a_proxy_that_one_address_family_does_not_reach() -> None:
    tables = {"proxy": [{"name": "PROX", "address": address, "port": 3128} for address in ("10.0.0.1", "2001:db8::1")]}
    both = topology_from(tables, "both.toml")
    six = flow(client_ip="2001:db8::2", server_ip="2001:db8::1", server_port=3128, state="refused", bytes_in=0, bytes_out=0)
    (text,) = told("address-family", six, tunnel("10.0.0.1:3128", CNC), topology=both)
    assert text == "IPv6 to PROX isn't answered (1 connection of 2001:db8::2), IPv4 is"
    assert told("address-family", six, topology=both) == [], "nothing shows that it is the family"


def test_tls_to_a_proxy_itself() -> None:
    ip, _, port = PROX03.rpartition(":")
    hidden = flow(server_ip=ip, server_port=int(port), client_hello_at=1, tls_offered="1.3", server_first="tls")
    assert told("proxy-over-tls", hidden, hidden | {"id": "f" * 16}) == [
        "WORKSTATION spoke TLS to PROX03 itself in 2 connections: what was asked for can't be seen"
    ]


def test_tls_to_a_proxy_for_defenders_own_host_is_spoken_to_the_host() -> None:
    """The topology names an origin server: the client's TLS names the host, where to a proxy over TLS it names the proxy."""
    ip, _, port = PROX03.rpartition(":")
    origin = flow(server_ip=ip, server_port=int(port), client_hello_at=1, tls_offered="1.3", server_first="tls", sni=CNC, host=CNC)
    assert told("proxy-over-tls", origin) == []
    (text,) = told("topology-unmatched", origin)
    assert text == f"the topology calls {PROX03} a proxy, but 1 connection of WORKSTATION to it began TLS for the host itself ({CNC})"
    named = origin | {"sni": "prox03.corp.example", "host": "prox03.corp.example", "id": "f" * 16}
    assert told("topology-unmatched", named) == [] and len(told("proxy-over-tls", named)) == 1
