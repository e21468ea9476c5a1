"""Rows that are made from another source's row."""

from analyzer.routes.topology import topology_from
from tests.verdict.rows import CNC, LAB, PROX01, START_NS, tunnel, verdict


def test_a_follower_has_its_own_addresses_times_and_amounts() -> None:
    named = topology_from({**LAB, "workstation": [{"name": "B", "address": ["10.0.0.2", "10.0.0.12"]}]}, "lab.toml")
    ends = {"10.0.0.1": (0, 100), "10.0.0.2": (50, 300), "10.0.0.3": (70, 700)}
    rows = [tunnel(PROX01, CNC, client_ip=ip, first_seen=START_NS + at, bytes_in=size) for ip, (at, size) in ends.items()]
    rows += [tunnel(PROX01, CNC, client_ip="10.0.0.4"), tunnel(PROX01, CNC, client_ip="10.0.0.4")]
    sources = {source["client_ip"]: source for source in verdict(*rows, topology=named)["sources"]}
    first, second, third, other = (sources[f"10.0.0.{n}"] for n in (1, 2, 3, 4))
    assert (second["name"], first["name"], third["client_ips"]) == ("B", None, ["10.0.0.3"])
    assert [source["services"][0]["by_proxy"][0]["bytes"] for source in (first, second, third)] == [1100, 1300, 1700]
    assert first["services"][0]["eras"][0]["first_seen"] < third["services"][0]["eras"][0]["first_seen"]
    assert third["planes"][0]["by_proxy"] == third["services"][0]["by_proxy"] and third["talk"] is first["talk"]
    assert first["services"][0]["reason"] == third["services"][0]["reason"] != other["services"][0]["reason"]
