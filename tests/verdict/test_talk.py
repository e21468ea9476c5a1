"""The client families of each source, with their evidence; and a user's hosts asked for in the way of services."""

from typing import Any

from tests.verdict.rows import CNC, EDGE, MAPS, PROX01, PROX02, tunnel, verdict

BY_CONNECT = {"client_family": "winhttp", "client_family_by": "CONNECT with a Host with port and no user agent"}
BY_HELLO = {"client_family": "chromium", "client_family_by": "ClientHello with GREASE"}


def test_each_family_with_its_reason_and_planes() -> None:
    (source,) = verdict(
        tunnel(PROX01, CNC, ja4="t12d", **BY_CONNECT),
        tunnel(PROX01, MAPS, ja4="t12d", **BY_CONNECT),
        tunnel(PROX01, EDGE, user_agent="Edg/1", **BY_HELLO),
        tunnel(PROX02, EDGE),
    )["sources"]
    first, second = source["talk"]
    assert (first["name"], first["family"], first["flows"]) == ("PROX01", "winhttp", 2)
    assert first["by"] == [{"what": BY_CONNECT["client_family_by"], "flows": 2}]
    assert first["planes"] == [{"plane": "antivirus", "flows": 1}, {"plane": "sensor", "flows": 1}]
    assert first["ja4"] == ["t12d"]
    assert (second["family"], second["user_agents"], second["planes"]) == ("chromium", ["Edg/1"], [{"plane": "user", "flows": 1}])


def mixed(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    found = [finding for finding in verdict(*rows)["findings"] if finding["code"] == "service-plane-mixed"]
    return [finding for finding in found if "as Windows services do" in finding["text"]]


def test_a_users_host_asked_for_by_a_service_stack_is_told() -> None:
    odd = tunnel(PROX02, EDGE, **BY_CONNECT)
    (finding,) = mixed(tunnel(PROX02, EDGE, **BY_HELLO), odd)
    assert finding["text"] == (
        f"1 flow of WORKSTATION through PROX02 to hosts of the user ({EDGE}) talks as Windows services do "
        "(CONNECT with a Host with port and no user agent); the other flows to such hosts (1) talk like chromium"
    )
    assert (finding["confidence"], finding["flows"]) == ("likely", [odd["id"]])


def test_a_services_own_agent_on_plain_http_is_as_it_should_be() -> None:
    assert mixed(tunnel(PROX02, EDGE, client_family="winhttp", client_family_by="user agent")) == []


def test_services_own_hosts_and_browsers_are_as_they_should_be() -> None:
    assert mixed(tunnel(PROX01, CNC, **BY_CONNECT), tunnel(PROX02, EDGE, **BY_HELLO)) == []
