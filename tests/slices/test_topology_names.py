"""A topology under other names is a topology of the same kind."""

from __future__ import annotations

import tomllib

from analyzer.routes.topology import topology_from
from analyzer.services.catalogue import load_catalogue
from analyzer.slices.addresses import Addresses
from analyzer.slices.certificates import name_text
from analyzer.slices.names import Names
from analyzer.slices.topology_names import anonymous_topology

ADDRESSES = Addresses(bytes(range(32)), b"mac")
NAMES = Names(b"key", load_catalogue())


def test_names_and_addresses_go_and_methods_stay() -> None:
    given = topology_from(
        {
            "proxy": [
                {"name": "PROX01", "address": "172.16.12.10", "port": 3128, "method": "winhttp"},
                {"name": "PROX01", "address": "2001:db8::/32"},
                {"name": "contoso-pool", "address": "172.16.13.0/24", "method": "pac"},
            ],
            "workstation": [{"name": "ANNA-PC", "address": "172.16.11.92"}],
            "gateway": {"policy": "proxies-only", "certificate_issuers": ['Contoso "X" CA', "DigiCert"]},
        },
        "given",
    )
    text = anonymous_topology(given, ADDRESSES, NAMES)
    made = topology_from(tomllib.loads(text), "made")
    assert [(p.name, p.port, p.method) for p in made.proxies] == [
        ("proxy-1", 3128, "winhttp"),
        ("proxy-1", None, None),
        ("proxy-2", None, "pac"),
    ]
    assert (
        made.proxy_at(ADDRESSES.text("172.16.13.77"), 1) == made.proxies[2]
        and made.proxy_at(ADDRESSES.text("2001:db8::9"), 1) == made.proxies[1]
    )
    assert made.workstation_name(ADDRESSES.text("172.16.11.92")) == "workstation-1" and made.policy == "proxies-only"
    assert made.issuers == (name_text(b'Contoso "X" CA', NAMES).decode(), "DigiCert")
    assert not any(secret in text.lower() for secret in ("contoso", "anna", "prox01", "172.16.", "2001:db8"))


def test_nothing_stays_nothing() -> None:
    assert tomllib.loads(anonymous_topology(topology_from({}, "given"), ADDRESSES, NAMES)) == {}
