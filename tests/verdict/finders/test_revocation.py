"""Certificate lists out of reach while tunnels open."""

from typing import Any

from tests.verdict.rows import CNC, PROX01, PROX03, START_NS, asked, flow, request, tunnel, verdict

CRL = "crl.microsoft.com"


def crl(status: int | None, host: str = CRL, proxy: str = PROX01, **columns: Any) -> dict[str, Any]:
    return asked(proxy, request("absolute", host, status, path="/pki/a.crl", first_seen=START_NS), **columns)


def blocked(**columns: Any) -> dict[str, Any]:
    return flow(server_port=80, state="no-answer", **columns)


def unreachable(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] == "revocation-unreachable"]


def test_a_fetch_that_the_proxy_failed_is_certain() -> None:
    (finding,) = unreachable(tunnel(PROX03, CNC), crl(403), crl(504))
    assert finding["text"] == (
        f"WORKSTATION could not fetch certificate lists ({CRL}) while tunnels opened: 2 requests through a proxy failed (1 × 403, 1 × 504)"
    )
    assert (finding["severity"], finding["confidence"], finding["service"]) == ("problem", "certain", "certificate-trust")


def test_a_named_direct_attempt_that_was_blocked_is_certain() -> None:
    (finding,) = unreachable(tunnel(PROX03, CNC), blocked(host=CRL))
    assert "1 direct connection for certificate-trust was blocked (1 no-answer)" in finding["text"]


def test_other_fetches_that_worked_make_it_a_warning() -> None:
    (finding,) = unreachable(tunnel(PROX03, CNC), crl(403), crl(200, "ctldl.windowsupdate.com"))
    assert finding["severity"] == "warning" and finding["text"].endswith("; other fetches worked")


def test_cryptoapis_own_fetches_count_whatever_the_host() -> None:
    assert len(unreachable(tunnel(PROX03, CNC), crl(403, "ocsp.digicert.com", user_agent="Microsoft-CryptoAPI/10.0"))) == 1
    assert unreachable(tunnel(PROX03, CNC), crl(403, "ocsp.digicert.com", user_agent="Mozilla/5.0")) == []


def test_unnamed_attempts_on_port_80_are_unclear() -> None:
    (finding,) = unreachable(tunnel(PROX03, CNC), blocked(), blocked(server_ip="20.1.2.4"))
    assert (finding["confidence"], finding["severity"]) == ("unclear", "warning")
    assert "2 direct connections of WORKSTATION to port 80 of 2 addresses were blocked" in finding["text"]


def test_nothing_is_said_without_tunnels_or_where_fetches_work() -> None:
    assert unreachable(blocked(), crl(403)) == []
    assert unreachable(tunnel(PROX03, CNC), crl(200), blocked()) == []
    assert unreachable(tunnel(PROX03, CNC), flow(server_port=443, state="no-answer")) == []
    assert unreachable(tunnel(PROX03, CNC), crl(404)) == []
