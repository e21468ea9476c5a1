"""The document as a whole: its keys, its order, and laws that hold of any flows."""

import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.routes.topology import Topology
from analyzer.verdict import types
from tests.verdict.rows import (
    CNC,
    EDGE,
    LAB_TOPOLOGY,
    MAPS,
    NCSI,
    PROX01,
    PROX02,
    PROX03,
    SECOND_NS,
    START_NS,
    WORKSTATION,
    asked,
    flow,
    request,
    tunnel,
    verdict,
)

KINDS: dict[str, Any] = {
    "document": types.Verdict,
    "source": types.Source,
    "service": types.Service,
    "plane": types.Plane,
    "era": types.Era,
    "share": types.Share,
    "precedence": types.Precedence,
    "proxy": types.Proxy,
    "group": types.Group,
    "talk": types.Talk,
    "process": types.Process,
    "direct": types.DirectRow,
    "finding": types.Finding,
}
KEYS = {kind: set(shape.__annotations__) for kind, shape in KINDS.items()}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


def parts(result: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Every object of the document with the name of its kind."""
    won = [(kind, entry) for source in result["sources"] for kind in ("service", "plane") for entry in source[f"{kind}s"]]
    return [
        ("document", result),
        *(("source", source) for source in result["sources"]),
        *won,
        *(("share", share) for _, entry in won for share in entry["by_proxy"]),
        *(("era", era) for _, entry in won for era in entry["eras"]),
        *(("group", group) for group in result["groups"]),
        *(("precedence", row) for source in result["sources"] for row in source["precedence"]),
        *(("talk", entry) for source in result["sources"] for entry in source["talk"]),
        *(("process", entry) for source in result["sources"] for entry in source["processes"]),
        *(("proxy", proxy) for proxy in result["proxies"]),
        *(("direct", row) for table in result["direct"].values() for row in table),
        *(("finding", finding) for finding in result["findings"]),
    ]


def t5() -> list[dict[str, Any]]:
    """The article's last test: static for the sensor, WinHTTP for SYSTEM, WinINET for the user."""
    blocked = flow(state="no-answer")
    return [
        tunnel(PROX03, CNC, client_family="winhttp", client_family_by="user agent", process="MsSense.exe (7)"),
        tunnel(PROX03, MAPS),
        tunnel(PROX01, NCSI),
        tunnel(PROX02, EDGE),
        tunnel(PROX02, CNC, 407),
        blocked,
        flow(host=MAPS),
    ]


def test_every_key_is_always_there() -> None:
    found = parts(verdict(*t5()))
    assert {kind for kind, _ in found} == set(KEYS)
    for kind, part in found:
        assert set(part) == KEYS[kind]


def test_an_empty_capture_has_every_key_too() -> None:
    result = verdict(topology=Topology())
    assert set(result) == KEYS["document"]
    assert result["window"] == [None, None]
    assert result["direct"] == {"allowed": [], "blocked": [], "unknown": []}


def test_it_is_plain_data_with_times_of_one_form() -> None:
    result = verdict(*t5())
    assert json.loads(json.dumps(result)) == result
    times = [part[key] for kind, part in parts(result) for key in ("first_seen", "last_seen") if key in KEYS[kind]] + result["window"]
    assert times and all(TIME.fullmatch(time) for time in times)


def test_the_articles_last_test() -> None:
    (source,) = verdict(*t5())["sources"]
    assert (source["client_ip"], source["name"]) == (WORKSTATION, "WORKSTATION")
    assert {entry["plane"]: entry["winner_name"] for entry in source["planes"]} == {
        "sensor": "PROX03",
        "antivirus": "PROX03",
        "system": "PROX01",
        "user": "PROX02",
    }


def test_the_window_is_what_was_asked_for() -> None:
    row = tunnel(PROX01, CNC, first_seen=START_NS, last_seen=START_NS + SECOND_NS)
    seen = ["2024-05-01T12:00:00.000000000Z", "2024-05-01T12:00:01.000000000Z"]
    assert verdict(row)["window"] == seen
    assert verdict(row, window=(START_NS - 10**9, None))["window"] == ["2024-05-01T11:59:59.000000000Z", seen[1]]
    capture = {"path": "a", "first_seen": "2024-05-01T11:00:00.000000000Z", "last_seen": "2024-05-01T13:00:00.000000000Z", "damage": []}
    assert verdict(row, captures=[capture, capture | {"first_seen": None}])["window"] == [capture["first_seen"], capture["last_seen"]]


def test_captures_pass_through_and_their_damage_is_told() -> None:
    damage = {"code": "capture-damaged", "offset": 24, "bytes": 7, "count": 1, "text": "cut off"}
    capture = {"path": "a.pcap", "sha256": "00", "packets": 0, "first_seen": None, "last_seen": None, "damage": [damage]}
    result = verdict(captures=[capture], topology=Topology())
    assert result["captures"] == [capture]
    assert [finding["code"] for finding in result["findings"]] == ["capture-damaged"]


def test_times_of_captures_are_written_out() -> None:
    capture = {"path": "a.pcap", "sha256": "00", "packets": 2, "first_seen": START_NS, "last_seen": None, "damage": []}
    result = verdict(captures=[capture], topology=Topology())
    assert result["captures"] == [capture | {"first_seen": "2024-05-01T12:00:00.000000000Z"}]
    assert result["window"] == ["2024-05-01T12:00:00.000000000Z", None]


def test_sources_are_in_the_order_of_their_addresses() -> None:
    ips = ["172.16.11.100", "172.16.11.9", "2001:db8::1", "10.0.0.1"]
    result = verdict(*[tunnel(PROX01, CNC, client_ip=ip) for ip in ips])
    assert [source["client_ip"] for source in result["sources"]] == ["10.0.0.1", "172.16.11.9", "172.16.11.100", "2001:db8::1"]


def test_proxies_and_udp_clients_are_no_sources() -> None:
    rows = [
        flow(client_ip="172.16.12.10"),
        flow(client_ip="10.0.0.1", protocol="udp", server_port=53),
        flow(client_ip="10.0.0.2", protocol="udp"),
    ]
    assert [source["client_ip"] for source in verdict(*rows)["sources"]] == ["10.0.0.2"], "QUIC goes past the proxies, DNS doesn't"


def test_a_consolidated_hosts_plane_is_its_own() -> None:
    (source,) = verdict(tunnel(PROX01, "mdav.eu.endpoint.security.microsoft.com"))["sources"]
    assert [entry["plane"] for entry in source["services"]] == ["antivirus"]


def test_a_service_of_another_catalogue_keeps_its_group() -> None:
    from analyzer.services.catalogue import Catalogue
    from analyzer.verdict import judge
    from tests.verdict.rows import table

    row = tunnel(PROX01, "a.example") | {"route": "proxy", "proxy": PROX01, "service": "own-service", "service_group": "own"}
    row["requests"] = [row["requests"][0] | {"outcome": "worked", "let_through": True}]
    result = judge(table([row]), topology=LAB_TOPOLOGY, catalogue=Catalogue([], []), captures=[])
    (entry,) = result["sources"][0]["services"]
    assert (entry["service"], entry["group"], entry["plane"], entry["winner"]) == ("own-service", "own", None, PROX01)


STATUSES = [200, 0, 403, 407, 502, None]
TIMES = st.none() | st.integers(START_NS, START_NS + 3)
SOURCES = st.sampled_from([WORKSTATION, "172.16.11.93", "172.16.12.10"])
HOSTS = st.sampled_from([CNC, MAPS, NCSI, EDGE, "example.org"])
STATES = st.sampled_from(["closed", "no-answer", "mid-stream"])


@st.composite
def flows(draw: st.DrawFn) -> dict[str, Any]:
    """A direct flow, or a connection with one or two requests to a proxy."""
    common = {"client_ip": draw(SOURCES), "first_seen": draw(TIMES), "bytes_in": draw(st.integers(0, 2)), "state": draw(STATES)}
    host, kind = draw(HOSTS), draw(st.sampled_from(["direct", "connect", "absolute", "socks5"]))
    if kind == "direct":
        return flow(host=host, **common)
    statuses = draw(st.lists(st.sampled_from(STATUSES), min_size=1, max_size=2))
    return asked(draw(st.sampled_from([PROX01, PROX02, PROX03])), *(request(kind, host, status) for status in statuses), **common)


@settings(deadline=None)  # a shared machine may stall; what is tested is the answer
@given(st.lists(flows(), max_size=12), st.randoms(use_true_random=False), st.sampled_from([Topology(), LAB_TOPOLOGY]))
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, Any]], random: Any, topology: Topology) -> None:
    shuffled = random.sample(rows, len(rows))
    assert json.dumps(verdict(*rows, topology=topology)) == json.dumps(verdict(*shuffled, topology=topology))


@settings(deadline=None)  # a shared machine may stall; what is tested is the answer
@given(st.lists(flows(), max_size=12))
def test_the_contracts_laws_hold(rows: list[dict[str, Any]]) -> None:
    result = verdict(*rows)
    addresses = {entry["proxy"].rpartition(":")[0] for entry in result["proxies"]}
    ids = {row["id"] for row in rows}
    for source in result["sources"]:
        assert source["client_ip"] not in addresses
        for entry in source["services"] + source["planes"]:
            carried = [share["tunnels"] for share in entry["by_proxy"]]
            assert carried == sorted(carried, reverse=True)
            if entry["winner"]:
                assert entry["by_proxy"][0]["proxy"] == entry["winner"] and carried[0] > 0
            if entry["confidence"] == "certain":
                assert sum(1 for n in carried if n) == 1
    asked_for = sum(
        share["tunnels"] + share["failed"] for source in result["sources"] for entry in source["services"] for share in entry["by_proxy"]
    )
    assert asked_for <= sum(entry["requests"] for entry in result["proxies"])
    for finding in result["findings"]:
        assert set(finding["flows"]) <= ids and len(set(finding["flows"])) == len(finding["flows"])
