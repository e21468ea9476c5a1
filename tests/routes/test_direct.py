import pytest

from analyzer.routes.direct import can_be_direct, was_blocked
from analyzer.routes.proxies import flow_ends
from tests.verdict.rows import flow, table


@pytest.mark.parametrize(
    ("protocol", "port", "expected"), [("tcp", 443, True), ("tcp", 22, True), ("udp", 443, True), ("udp", 53, False), ("udp", 4433, False)]
)
def test_what_can_be_direct(protocol: str, port: int, expected: bool) -> None:
    flows = table([flow(protocol=protocol, server_port=port)])
    assert can_be_direct(flows, flow_ends(flows)).tolist() == [expected]


@pytest.mark.parametrize(
    ("state", "blocked"),
    [
        ("refused", True),
        ("unreachable", True),
        ("no-answer", True),
        ("closed", False),
        ("reset", False),
        ("mid-stream", False),
        ("open", False),
        (None, False),
    ],
)
def test_what_was_blocked(state: str | None, blocked: bool) -> None:
    assert was_blocked(table([flow(state=state)])).tolist() == [blocked]
