"""What becomes of the rows is tested in tests/routes/test_discovery.py."""

from __future__ import annotations

import tests.build as build
from analyzer.facts.table import named_tables
from analyzer.flows.grow import empty_tables
from analyzer.tables import DISCOVERY_SCHEMA
from tests.build import Conversation
from tests.pieces import Whole


def test_a_fetch_and_its_file() -> None:
    talk = Conversation().handshake().send_client(build.get("/a.pac?x=1", "Host: h.example"))
    talk.send_server(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\nFindProxyForURL()")
    whole = Whole(build.pcap(talk.frames, nanosecond=True))
    named = whole.named()
    assert named.discoveries.schema.equals(DISCOVERY_SCHEMA)
    (id,) = named.flows["id"].to_pylist()
    assert named.discoveries.drop_columns(["seen_at", "client_ip"]).to_pylist() == [
        {"flow": id, "kind": "fetch", "url": "http://h.example/a.pac", "status": 200, "text": None},
        {"flow": id, "kind": "file", "url": None, "status": None, "text": "FindProxyForURL()"},
    ]


def test_a_file_of_which_nothing_was_captured_is_none() -> None:
    talk = Conversation().handshake().send_client(build.get("/a.pac", "Host: h.example"))
    talk.send_server(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ns-proxy-autoconfig\r\nContent-Length: 17\r\n\r\n")
    whole = Whole(build.pcap(talk.frames))
    named = whole.named()
    assert named.discoveries["kind"].to_pylist() == ["fetch"]


def test_nothing() -> None:
    assert named_tables(empty_tables(), [], []).discoveries.equals(DISCOVERY_SCHEMA.empty_table())
