"""The contract's "Who is a proxy, and who won", from rows to winner, confidence and shares."""

from typing import Any

import pytest

from tests.verdict.rows import (
    CNC,
    EDGE,
    MAPS,
    PROX01,
    PROX02,
    PROX03,
    SECOND_NS,
    START_NS,
    asked,
    flow,
    request,
    tunnel,
    verdict,
)

COMMAND = "edr-command-and-control"


def service(result: dict[str, Any], slug: str = COMMAND) -> dict[str, Any]:
    (source,) = result["sources"]
    (entry,) = [entry for entry in source["services"] if entry["service"] == slug]
    return entry  # type: ignore[no-any-return]


def plane(result: dict[str, Any], name: str) -> dict[str, Any]:
    (source,) = result["sources"]
    (entry,) = [entry for entry in source["planes"] if entry["plane"] == name]
    return entry  # type: ignore[no-any-return]


def tunnels(proxy: str, n: int, host: str = CNC, **columns: Any) -> list[dict[str, Any]]:
    return [tunnel(proxy, host, **columns) for _ in range(n)]


def test_one_proxy_that_carried_all() -> None:
    entry = service(verdict(*tunnels(PROX03, 12)))
    assert (entry["winner"], entry["winner_name"], entry["method"]) == (PROX03, "PROX03", "static")
    assert (entry["confidence"], entry["reason"]) == ("certain", f"PROX03 carried all 12 {COMMAND} tunnels and every answer was seen")
    assert (entry["group"], entry["plane"]) == ("edr", "sensor")


def test_most_carried_requests_win_over_bytes() -> None:
    rows = tunnels(PROX01, 2, bytes_in=10) + tunnels(PROX02, 2, bytes_in=10**9) + tunnels(PROX01, 1, bytes_in=10)
    assert service(verdict(*rows))["winner"] == PROX01


def test_then_most_bytes() -> None:
    entry = service(verdict(*tunnels(PROX01, 2, bytes_in=100), *tunnels(PROX02, 2, bytes_in=200)))
    assert entry["winner"] == PROX02
    assert [share["proxy"] for share in entry["by_proxy"]] == [PROX02, PROX01]


def test_then_the_latest() -> None:
    early, late = tunnel(PROX01, CNC, last_seen=START_NS + 10**12), tunnel(PROX02, CNC, last_seen=START_NS + 2 * 10**12)
    assert service(verdict(late, early))["winner"] == PROX02


def test_a_full_tie_has_no_winner() -> None:
    entry = service(verdict(tunnel(PROX01, CNC, last_seen=START_NS + 10**12), tunnel(PROX02, CNC, last_seen=START_NS + 10**12)))
    assert (entry["winner"], entry["winner_name"], entry["method"], entry["confidence"]) == (None, None, None, None)
    assert [share["tunnels"] for share in entry["by_proxy"]] == [1, 1]
    assert "PROX01 and PROX02 carried 1 of 2" in entry["reason"]


def test_a_tie_without_times() -> None:
    timeless = {"first_seen": None, "last_seen": None}
    assert service(verdict(tunnel(PROX01, CNC) | timeless, tunnel(PROX02, CNC) | timeless))["winner"] is None


@pytest.mark.parametrize(
    ("here", "there", "confidence"), [(1, 0, "certain"), (8, 2, "likely"), (4, 1, "likely"), (79, 21, "unclear"), (3, 1, "unclear")]
)
def test_confidence_by_share(here: int, there: int, confidence: str) -> None:
    half = here // 2  # in three runs, of which the middle one or the outer ones are too short: no change
    rows = [*tunnels(PROX01, half), *mixed(there), *tunnels(PROX01, here - half - there + 1)]
    assert service(verdict(*rows))["confidence"] == confidence


def mixed(n: int) -> list[dict[str, Any]]:
    """n tunnels through PROX02, one through PROX01 behind each but the last: alternation."""
    rows = [row for _ in range(n) for row in (*tunnels(PROX02, 1), *tunnels(PROX01, 1))]
    return rows[:-1]


def test_an_unseen_answer_makes_it_likely() -> None:
    entry = service(verdict(*tunnels(PROX01, 2), tunnel(PROX01, CNC, None, sni=CNC)))
    assert (entry["confidence"], entry["by_proxy"][0]["tunnels"]) == ("likely", 3)
    assert entry["reason"] == f"PROX01 carried all 3 {COMMAND} tunnels, but what came of 1 of them isn't in the capture"


def test_requests_that_failed_elsewhere_make_it_likely() -> None:
    entry = service(verdict(tunnel(PROX01, CNC), tunnel(PROX02, CNC, 403)))
    assert (entry["winner"], entry["confidence"]) == (PROX01, "likely")
    assert [(share["proxy"], share["tunnels"], share["failed"]) for share in entry["by_proxy"]] == [(PROX01, 1, 0), (PROX02, 0, 1)]


def test_an_unanswered_failure_elsewhere_makes_it_likely() -> None:
    assert service(verdict(tunnel(PROX01, CNC), tunnel(PROX02, CNC, None, bytes_in=0)))["confidence"] == "likely"


def test_only_failures_have_no_winner() -> None:
    entry = service(verdict(tunnel(PROX01, CNC, 407), tunnel(PROX01, CNC, 502), tunnel(PROX01, CNC, 407)))
    assert (entry["winner"], entry["confidence"]) == (None, None)
    assert entry["by_proxy"][0] | {"first_seen": 0, "last_seen": 0} == {
        "proxy": PROX01,
        "name": "PROX01",
        "method": "winhttp",
        "asked": 3,
        "tunnels": 0,
        "worked": 0,
        "broken": 0,
        "unseen": 0,
        "failed": 3,
        "bytes": 18000,
        "first_seen": 0,
        "last_seen": 0,
    }
    assert entry["reason"] == f"all 3 {COMMAND} requests failed (2 × 407, 1 × 502): no proxy carried any"


def test_direct_never_wins() -> None:
    result = verdict(flow(sni=CNC, host=CNC, host_source="sni"), flow(host=CNC, host_source="dns", state="no-answer"))
    entry = service(result)
    assert (entry["winner"], entry["by_proxy"], entry["confidence"]) == (None, [], None)
    assert entry["reason"] == f"1 direct connection for {COMMAND} was answered and 1 was blocked: no {COMMAND} request to a proxy was seen"
    assert [row["service"] for row in result["direct"]["allowed"]] == [COMMAND]
    assert [row["service"] for row in result["direct"]["blocked"]] == [COMMAND]


def test_direct_beside_a_proxy_is_told() -> None:
    entry = service(verdict(tunnel(PROX01, CNC), *[flow(host=CNC) for _ in range(9)]))
    assert (entry["winner"], entry["confidence"]) == (PROX01, "certain")
    assert entry["reason"].endswith(f"; 9 direct connections for {COMMAND} were answered")


def test_what_was_not_seen_is_absent() -> None:
    (source,) = verdict(tunnel(PROX01, "example.org"))["sources"]
    assert (source["services"], source["planes"], source["precedence"]) == ([], [], [])


def test_planes_add_up_what_services_share() -> None:
    result = verdict(*tunnels(PROX03, 2), *tunnels(PROX03, 1, "us-v20.events.data.microsoft.com"), tunnel(PROX01, EDGE))
    assert plane(result, "sensor")["by_proxy"][0]["tunnels"] == 3
    assert plane(result, "sensor")["reason"] == "PROX03 carried all 3 sensor tunnels and every answer was seen"
    assert plane(result, "user")["winner"] == PROX01, "context hosts have a plane without being Defender's"
    assert [entry["plane"] for entry in result["sources"][0]["planes"]] == ["sensor", "user"]


def test_a_407_then_success_is_one_tunnel_and_no_failure() -> None:
    entry = service(verdict(asked(PROX01, request("connect", CNC, 407), request("connect", CNC, 200))))
    assert [(share["tunnels"], share["failed"]) for share in entry["by_proxy"]] == [(1, 0)]
    assert entry["confidence"] == "certain"


def test_each_request_of_a_connection_counts_for_its_own_service() -> None:
    """Bytes go to the service of the row's scalar columns; the other service counts its request by its own time."""
    when = START_NS + 5 * SECOND_NS
    page = request("absolute", "ctldl.windowsupdate.com", 200)
    other = request("absolute", "crl.microsoft.com", 200, path="/pki/crl/a.crl", first_seen=when)
    update = request("absolute", "definitionupdates.microsoft.com", 200, first_seen=when)
    row = asked(PROX01, page, other, update, first_seen=START_NS, last_seen=START_NS + 60 * SECOND_NS)
    result = verdict(row)
    trust, updates = service(result, "certificate-trust")["by_proxy"][0], service(result, "security-intelligence-updates")["by_proxy"][0]
    assert (trust["tunnels"], trust["bytes"], trust["last_seen"]) == (2, 6000, "2024-05-01T12:01:00.000000000Z")
    assert (updates["tunnels"], updates["bytes"]) == (1, 0)
    assert updates["first_seen"] == updates["last_seen"] == "2024-05-01T12:00:05.000000000Z"
    assert "2 certificate-trust requests" in service(result, "certificate-trust")["reason"]


def test_a_connect_by_address_counts_for_the_name_inside() -> None:
    row = tunnel(PROX01, "20.1.2.5", sni=MAPS, host=MAPS, host_source="sni", tls_completed=True)
    entry = service(verdict(row), "cloud-protection")
    assert (entry["winner"], entry["by_proxy"][0]["tunnels"], entry["confidence"]) == (PROX01, 1, "certain")


def test_requests_of_proxies_to_their_parents_are_nobodys() -> None:
    result = verdict(tunnel(PROX02, CNC, client_ip="172.16.12.10"), tunnel(PROX01, CNC))
    assert [source["client_ip"] for source in result["sources"]] == ["172.16.11.92"]
    assert [share["proxy"] for share in service(result)["by_proxy"]] == [PROX01]


def test_a_flow_whose_request_was_missed_has_bytes_and_no_winner() -> None:
    entry = service(verdict(asked(PROX01, host=CNC, host_source="sni", sni=CNC, state="mid-stream")))
    assert (entry["winner"], entry["by_proxy"][0]["tunnels"], entry["by_proxy"][0]["bytes"]) == (None, 0, 6000)
    assert "no request that was carried is in the capture" in entry["reason"]


def test_v6_proxies_and_sources() -> None:
    proxy = "[2001:db8::12]:3128"
    entry = service(verdict(tunnel(proxy, CNC, client_ip="2001:db8:1::92")))
    assert (entry["winner"], entry["winner_name"], entry["method"]) == (proxy, None, None)
    assert entry["reason"].startswith(f"{proxy} carried the one {COMMAND} tunnel and its answer was seen")


def test_requests_whose_names_were_cut_leave_the_winner_likely() -> None:
    """They may have been for this service, unless they went to the winner itself."""
    rows = [tunnel(PROX03, CNC) for _ in range(6)]
    assert service(verdict(*rows, tunnel(PROX03, None)))["confidence"] == "certain"
    entry = service(verdict(*rows, tunnel(PROX01, None), tunnel(PROX01, None)))
    assert (entry["winner"], entry["confidence"]) == (PROX03, "likely")
    assert entry["reason"].endswith("; what 2 requests to PROX01 asked for can't be seen")
    mine, _ = verdict(*rows, tunnel(PROX01, None, client_ip="172.16.11.99"))["sources"]
    assert [entry["confidence"] for entry in mine["services"]] == ["certain"]


def test_tls_to_another_proxy_leaves_the_winner_likely() -> None:
    rows = [tunnel(PROX03, CNC) for _ in range(6)]
    hidden = flow(server_ip="172.16.12.10", server_port=3128, client_hello_at=START_NS, tls_first=True, server_first="tls")
    assert service(verdict(*rows, hidden))["confidence"] == "likely"


def by_address(named_by: str) -> list[dict[str, Any]]:
    return [tunnel(PROX01, "20.1.2.3", host=CNC, host_source=named_by) for _ in range(4)]


def test_a_name_by_dns_alone_leaves_the_winner_likely() -> None:
    entry = service(verdict(*by_address("dns")))
    assert (entry["winner"], entry["confidence"]) == (PROX01, "likely")
    assert "an answer of DNS names their hosts" in entry["reason"]
    assert service(verdict(*by_address("sni")))["confidence"] == "certain"


UNUSED = {"tunnel_out": 0, "tunnel_in": 0, "last_data": START_NS}


def test_tunnels_that_were_never_used_show_neither_success_nor_failure() -> None:
    result = verdict(*tunnels(PROX01, 4, **UNUSED), flow(last_seen=START_NS + 60 * SECOND_NS))
    entry = service(result)
    assert entry["outcome"] == "unseen" and entry["reason"].endswith("in all 4 the client said nothing inside")
    (required,) = [one for one in result["sources"][0]["required"] if one["service"] == COMMAND]
    assert required["state"] == "possible"
