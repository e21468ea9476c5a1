"""Flow rows of the sixteen probes match their README."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import ORACLES, needs_oracles
from tests.oracles.engines import ENGINES

PROXY1, PROXY2, PROXY3 = "172.16.12.10", "172.16.12.11", "172.16.12.12"


def connect(asked: str, server: str = PROXY1, sni: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "server_ip": server,
        "request": "connect",
        "requested_host": asked,
        "requested_port": 443,
        "proxy_status": 200,
        "sni": sni or asked,
        **more,
    }


ANSWERS: dict[str, dict[str, Any]] = {
    "A_connect_single": connect("winatp-gw-neu.microsoft.com", server_port=3128, tls_offered="1.3", tls_version="1.3", ech=False),
    "B_connect_split_pq": connect("us-v20.events.data.microsoft.com", PROXY2),
    "C_connect_407_ooo_8081": connect("edr-neu.eu.endpoint.security.microsoft.com", PROXY3, server_port=8081),
    "D_absolute_form": {
        "server_ip": PROXY1, "request": "absolute", "requested_host": "ctldl.windowsupdate.com", "proxy_status": 304,
        "user_agent": "Microsoft-CryptoAPI/10.0", "host": "ctldl.windowsupdate.com", "host_source": "absolute",
    },
    "E_socks5": {
        "server_port": 1080, "request": "socks5", "requested_host": "unitedstates.cp.wd.microsoft.com", "requested_port": 443,
        "proxy_status": 0, "sni": "unitedstates.cp.wd.microsoft.com",
    },
    "F_direct_split_pq": {"server_ip": "20.1.2.3", "server_port": 443, "request": None, "sni": "login.live.com", "host_source": "sni"},
    "G_direct_blocked_syn": {"server_ip": "20.1.2.4", "state": "no-answer", "packets_in": 0, "host": None},
    "H_vlan_connect": connect("vlan.wd.microsoft.com", outer="vlan 100"),
    "I_vxlan_connect": connect("vxlan.wd.microsoft.com", outer="vxlan 42"),
    "J_erspan2_connect": connect("erspan.wd.microsoft.com", outer="erspan 1"),
    "K_connect_by_ip": connect("20.1.2.5", sni="wdcp.microsoft.com", host="wdcp.microsoft.com", host_source="sni"),
    "L_proxy_to_origin_leg_of_A": {"client_ip": PROXY1, "server_ip": "20.1.2.6", "sni": "winatp-gw-neu.microsoft.com"},
    "M_quic_direct": {"protocol": "udp", "server_ip": "20.1.2.7", "sni": "quic.wd.microsoft.com", "host_source": "quic"},
    "O_connect_record_frag": connect("recfrag.wd.microsoft.com"),
    "P_connect_ech": connect("public.example.net", ech=True),
}  # fmt: skip

Engine = Callable[[str], list[dict[str, Any]]]


@needs_oracles
@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("probe", ANSWERS)
def test_a_probe_is_read_as_its_readme_says(probe: str, engine: Engine) -> None:
    (row,) = engine(str(ORACLES / "probes" / f"{probe}.pcap"))
    answer = {"protocol": "tcp", "client_ip": "172.16.11.92"} | ANSWERS[probe]
    assert {column: row[column] for column in answer} == answer


@needs_oracles
@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_authentication_is_two_requests(engine: Engine) -> None:
    (row,) = engine(str(ORACLES / "probes" / "C_connect_407_ooo_8081.pcap"))
    assert [(request["kind"], request["status"]) for request in row["requests"]] == [("connect", 407), ("connect", 200)]


@needs_oracles
@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_wpad_is_a_question_and_a_fetch(engine: Engine) -> None:
    question, fetch = engine(str(ORACLES / "probes" / "N_wpad.pcap"))
    assert (question["protocol"], question["client_ip"], question["server_port"]) == ("udp", "172.16.11.92", 53)
    assert (fetch["protocol"], fetch["http_host"], fetch["user_agent"]) == ("tcp", "wpad.corp.example", "WinHttp-Autoproxy-Service/5.1")


@needs_oracles
def test_the_twin_has_the_name_that_was_asked_for() -> None:
    question, _ = ENGINES["twin"](str(ORACLES / "probes" / "N_wpad.pcap"))
    assert (question["host"], question["host_source"]) == ("wpad.corp.example", "dns")


@needs_oracles
@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_both_legs_have_one_client_random(engine: Engine) -> None:
    legs = [engine(str(ORACLES / "probes" / f"{probe}.pcap"))[0] for probe in ("A_connect_single", "L_proxy_to_origin_leg_of_A")]
    assert legs[0]["client_random"] == legs[1]["client_random"] is not None
