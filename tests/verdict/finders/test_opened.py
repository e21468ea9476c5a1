"""TLS inspection: certain with both legs, likely by the issuer, never said where legs are equal."""

from typing import Any

import pytest

from analyzer.routes.topology import topology_from
from analyzer.verdict.finders.opened import is_expected
from tests.verdict.rows import LAB, MAPS, PROX02, START_NS, asked, flow, request, tunnel, verdict

MS = 1_000_000
OWN_CA = "CN=Contoso Inspection CA,O=Contoso"


def client_leg(number: int = 1, host: str = MAPS, **columns: Any) -> dict[str, Any]:
    entry = request("connect", host, 200, first_seen=START_NS, answered=START_NS + 4 * MS)
    hello = {"client_random": f"{number:064x}", "client_hello_digest": f"{number:016x}", "client_hello_at": START_NS + 5 * MS}
    return asked(PROX02, entry, first_seen=START_NS, sni=host, **(hello | columns))


def origin_leg(number: int = 2, host: str = MAPS, **columns: Any) -> dict[str, Any]:
    hello = {"client_random": f"{number:064x}", "client_hello_digest": f"{number:016x}", "client_hello_at": START_NS + 6 * MS}
    return flow(client_ip="172.16.12.11", first_seen=START_NS + 2 * MS, sni=host, **(hello | columns))


def inspected(*rows: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows, **options)["findings"] if finding["code"] == "tls-inspected"]


def test_another_hello_is_certain_and_tells_who_suffers() -> None:
    leg = client_leg(tls_completed=False, tls_alert="unknown_ca", tls_alert_from="client", certificate_issuer=OWN_CA)
    (finding,) = inspected(leg, origin_leg())
    assert finding["text"] == (
        f"PROX02 opened TLS of 1 tunnel of WORKSTATION ({MAPS}): the ClientHello on its own leg is another; "
        "1 of the handshakes broke off (1 with alert unknown_ca)"
    )
    assert (finding["severity"], finding["confidence"], finding["flows"]) == ("problem", "certain", [leg["id"]])
    assert next(p for p in verdict(leg, origin_leg())["proxies"] if p["proxy"] == PROX02)["inspected"] is True


def test_beyond_defender_it_is_information() -> None:
    (finding,) = inspected(client_leg(host="example.org", tls_completed=True), origin_leg(host="example.org"))
    assert finding["severity"] == "info" and finding["text"].endswith("none of the handshakes broke off")


def test_a_strange_issuer_on_one_leg_is_likely_and_inspected_stays_null() -> None:
    row = tunnel(PROX02, MAPS, certificate_issuer=OWN_CA)
    (finding,) = inspected(row)
    assert (finding["confidence"], finding["service"], finding["proxy"]) == ("likely", "cloud-protection", PROX02)
    assert "CN=Contoso Inspection CA" in finding["text"]
    assert next(p for p in verdict(row)["proxies"] if p["proxy"] == PROX02)["inspected"] is None


def test_equal_legs_disprove_whatever_the_issuer() -> None:
    assert inspected(client_leg(certificate_issuer=OWN_CA), origin_leg(1, certificate_issuer=OWN_CA)) == []


def test_an_expected_or_no_issuer_says_nothing() -> None:
    assert inspected(tunnel(PROX02, MAPS)) == []
    assert inspected(tunnel(PROX02, MAPS, certificate_issuer="CN=Microsoft Azure RSA TLS Issuing CA 03,O=Microsoft Corporation,C=US")) == []
    assert inspected(tunnel(PROX02, "example.org", certificate_issuer=OWN_CA)) == []


def test_a_topology_may_name_more_issuers() -> None:
    topology = topology_from(LAB | {"gateway": {"certificate_issuers": ["Contoso Inspection CA"]}}, "lab.toml")
    assert inspected(tunnel(PROX02, MAPS, certificate_issuer=OWN_CA), topology=topology) == []


@pytest.mark.parametrize(
    ("issuer", "expected"),
    [
        ("CN=Microsoft Secure Server CA 2011,O=Microsoft Corporation,C=US", True),
        ("CN=DigiCert SHA2 Secure Server CA,O=DigiCert Inc,C=US", True),
        ("CN=DigiCert Global Root G2,O=DigiCert Inc", True),
        ("CN=Baltimore CyberTrust Root,O=Baltimore", True),
        ("CN=Zscaler Intermediate Root CA (zscaler.net),O=Zscaler Inc.", False),
        ("CN=Not Microsoft RSA,O=Contoso", False),
        ("CN=mitmproxy,O=mitmproxy", False),
    ],
)
def test_issuers(issuer: str, expected: bool) -> None:
    assert is_expected(issuer, ()) is expected
