"""Which requests show that their server is a proxy, and which that it is none."""

from typing import Any

import pytest

from analyzer.routes.route import route_flows
from analyzer.routes.topology import Topology
from analyzer.verdict.evidence import evidence_of
from analyzer.verdict.proven import proves_a_proxy, refuted
from tests.verdict.rows import asked, request, table, verdict

SERVER = "192.0.2.9:8080"


def row(kind: str, status: int | None, **columns: Any) -> dict[str, Any]:
    return asked(SERVER, request(kind, "a.example", status), **columns)


@pytest.mark.parametrize(
    ("of", "proves", "refutes"),
    [
        (row("connect", 200), True, False),
        (row("connect", 403), True, False),
        (row("connect", 502), True, False),
        (row("absolute", 404), True, False),
        (row("socks5", 2), True, False),
        *((row("connect", status), False, True) for status in (400, 404, 405, 501)),
        (row("connect", None, bytes_in=7, server_first="alert", tunnel_out=0), False, True),
        (row("connect", None, bytes_in=0), False, False),
    ],
)
def test_by_what_came_of_it(of: dict[str, Any], proves: bool, refutes: bool) -> None:
    evidence = evidence_of(route_flows(table([of]), Topology()), Topology())
    assert (proves_a_proxy(evidence).tolist(), refuted(evidence).tolist()) == ([proves], [refutes])
    listed = [entry["kinds"] for entry in verdict(of, topology=Topology())["proxies"]]
    assert listed == ([] if refutes else [[of["request"]] if proves else ["asked"]])
