"""Leaving out the lone SYNs of a flood changes no statement about a real source, and they are counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from analyzer.flows import lone
from analyzer.pipeline import Reading, judge
from analyzer.reading import read
from analyzer.verdict import strangers
from tests.build import ESTABLISHED, Conversation, client_hello, connect, pcap, server_hello
from tests.build.altered import in_time
from tests.build.conversation import ACK, CLIENT, SERVER, START_NS, SYN
from tests.engine import knowledge, stream

PROXY, WEB = ("172.16.12.10", 3128), ("203.0.113.80", 443)
WORKSTATION, OTHER = "172.16.11.92", "172.16.11.93"
HOST = "winatp-gw-cus.microsoft.com"
MS = 1_000_000

Frames = list[tuple[int, bytes]]


def tunnel(client: str, port: int, start_ns: int) -> Conversation:
    one = Conversation((client, port), PROXY, (port * 77_777, port * 99_999), start_ns=start_ns).handshake()
    one.send_client(connect(f"{HOST}:443")).send_server(ESTABLISHED)
    return one.send_client(client_hello(HOST)).send_server(server_hello()).close()


def syn(client: tuple[str, int], isn: int, at_ms: int, server: tuple[str, int] = PROXY) -> Conversation:
    return Conversation(client, server, (isn, 1), start_ns=START_NS + at_ms * MS).syn()


def flood(n: int = 300) -> Iterator[Conversation]:
    """Forged addresses of both versions, to two servers; some are answered, some send a second SYN from another port."""
    for k in range(n):
        isn = 1_000_000_007 * (k + 1) % (1 << 32)
        server = PROXY if k % 3 else ("203.0.113.81", 80)
        one = syn((f"40.0.{k // 200}.{k % 200 + 1}", 2_000 + k), isn, k, server)
        yield one.synack() if k % 5 == 0 else one
        if k % 7 == 0:
            yield syn((f"40.0.{k // 200}.{k % 200 + 1}", 30_000 + k), isn ^ 0x55_5555, k + 400)
        if k % 11 == 0:
            yield syn((f"2001:db8::{k + 1:x}", 2_000 + k), isn ^ 0x0F_0F0F, k, ("2001:db8:1::1", 443))


def everybody() -> Iterator[Conversation]:
    """Who is no stranger, with lone SYNs among what they sent."""
    for k in range(3):
        yield tunnel(WORKSTATION, 50_000 + k, START_NS + 50 * k * MS)
        yield tunnel(OTHER, 51_000 + k, START_NS + 60 * k * MS)
    yield syn((WORKSTATION, 52_000), 3_000_000_000, 220, WEB)
    # The same attempt before a translation, seen first: the workstation's is the copy, and counts nowhere.
    yield syn(("198.51.100.7", 1_024), 3_000_000_000, 219, WEB)
    yield syn(("198.51.100.8", 1_024), 2_900_000_000, 216, WEB)
    yield syn(("198.51.100.9", 1_024), 2_900_000_000, 217, WEB)
    yield syn(("198.51.100.9", 1_025), 2_800_000_000, 223, WEB)
    # Twice the same SYN; a server of a stranger's that sends one itself; payload behind the SYN's answer.
    yield syn(("198.51.100.10", 1_024), 2_700_000_000, 224).packet(CLIENT, SYN, seq=2_700_000_000)
    yield syn(("203.0.113.81", 1_024), 2_600_000_000, 225)
    yield syn(("198.51.100.11", 1_024), 2_500_000_000, 226).synack().packet(CLIENT, ACK).send(SERVER, b"220 ready\r\n")


def capture(*conversations: Conversation) -> bytes:
    return pcap(in_time([frame for one in conversations for frame in one.frames]), nanosecond=True)


def reading(data: bytes, *, listed: bool) -> Reading:
    topology, catalogue = knowledge()
    return read([stream(data)], topology=topology, catalogue=catalogue, digests=False, listed=listed)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "MAX_LISTED", 10)
    monkeypatch.setattr(lone, "FIRST_LISTED", 30)


def counted(document: dict[str, Any]) -> str:
    (found,) = [finding["text"] for finding in document["findings"] if finding["code"] == "strangers-counted"]
    return str(found)


def test_the_verdict_is_the_same_without_their_rows(few: None) -> None:
    last = syn(("41.0.0.1", 1_024), 2_400_000_000, 30_000)  # the capture's last packet is a stranger's: until then others had time
    data = capture(*everybody(), *flood(), last)
    whole, brief = reading(data, listed=True), reading(data, listed=False)
    assert whole.left_out is None and brief.left_out is not None
    assert brief.flows.num_rows + brief.left_out.flows == whole.flows.num_rows and brief.left_out.flows > 250
    assert judge(brief) == judge(whole)
    assert counted(judge(brief)).startswith("3")  # hundreds
    of_those = {row["id"]: row for row in whole.flows.to_pylist()}
    assert all(of_those[row["id"]] == row for row in brief.flows.to_pylist())


@pytest.mark.parametrize("n", [0, 20])
def test_of_few_each_has_its_row(few: None, n: int) -> None:
    data = capture(*everybody(), *flood(n))
    brief = reading(data, listed=False)
    assert brief.left_out is None and brief.flows.equals(reading(data, listed=True).flows)


def test_many_flows_of_few_addresses_are_no_flood(few: None) -> None:
    attempts = [syn((f"40.0.0.{k % 5}", 2_000 + k), 1_000_000_007 * (k + 1) % (1 << 32), k) for k in range(200)]
    assert reading(capture(*everybody(), *attempts), listed=False).left_out is None
