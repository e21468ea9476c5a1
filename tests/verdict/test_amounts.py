"""When and how much, per source and service or plane."""

from analyzer.routes.route import route_flows
from analyzer.services.tag import tag_flows
from analyzer.text.times import rfc3339
from analyzer.verdict.amounts import amounts_of
from analyzer.verdict.evidence import evidence_of
from tests.verdict.rows import CATALOGUE, CNC, LAB_TOPOLOGY, MAPS, PROX01, SECOND_NS, START_NS, asked, flow, request, table


def test_requests_give_the_times_and_flows_the_bytes() -> None:
    first = asked(
        PROX01,
        request("connect", CNC, 200, first_seen=START_NS + 5),
        client_ip="10.0.0.1",
        first_seen=START_NS,
        last_seen=START_NS + SECOND_NS,
        bytes_out=1,
        bytes_in=2,
    )
    second = asked(
        PROX01,
        request("connect", CNC, 200, first_seen=START_NS + 9),
        client_ip="10.0.0.1",
        first_seen=None,
        last_seen=None,
        bytes_out=10,
        bytes_in=20,
    )
    direct = flow(client_ip="10.0.0.2", host=MAPS, sni=MAPS, first_seen=START_NS + 7, last_seen=START_NS + SECOND_NS)
    evidence = evidence_of(tag_flows(route_flows(table([first, second, direct]), LAB_TOPOLOGY), CATALOGUE), LAB_TOPOLOGY)
    proxied, past = (evidence.client.values.index(client) for client in ("10.0.0.1", "10.0.0.2"))
    for of_planes in (False, True):
        found = amounts_of(evidence, [proxied, past], of_planes=of_planes)
        at = found.at[proxied]
        assert (found.first[at], found.last[at]) == (rfc3339(START_NS + 5), rfc3339(START_NS + 9))
        assert (found.share_first[at], found.share_last[at]) == (rfc3339(START_NS), rfc3339(START_NS + SECOND_NS))
        assert found.share_bytes[at] == 33
        at = found.at[past]
        assert (found.first[at], found.last[at]) == (rfc3339(START_NS + 7),) * 2
        assert (found.share_first[at], found.share_last[at], found.share_bytes[at]) == (None, None, 0)
        assert amounts_of(evidence, [], of_planes=of_planes).at == {}


def test_times_that_nothing_tells_are_none() -> None:
    row = flow(client_ip="10.0.0.2", host=MAPS, sni=MAPS, first_seen=None, last_seen=None)
    evidence = evidence_of(tag_flows(route_flows(table([row]), LAB_TOPOLOGY), CATALOGUE), LAB_TOPOLOGY)
    found = amounts_of(evidence, [0], of_planes=False)
    assert found.first == found.last == [None]
