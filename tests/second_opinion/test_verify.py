"""The flow table held against Wireshark: agreement on real captures, and every planted fault found.

Here a chosen few; `python -m tests.second_opinion` takes all captures at hand.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analyzer.second_opinion.compare import BESIDE_A_GAP
from analyzer.second_opinion.verify import Capture, decode_as, filter_for, rows_of, streams_filter, tls_ports, verify
from analyzer.slices.choose import Selection
from tests.build import CLIENT, ESTABLISHED, Conversation, client_hello, connect, pcap
from tests.conftest import ORACLES, ROOT, needs_oracles
from tests.engine import reading
from tests.packets.talks import one_of_each
from tests.second_opinion.whole import EXPLAINED, captures, differences, opinion_of
from tests.slices.slicing import sliced

T5 = ROOT / "captures" / "T5-all-three.pcapng"
CHOSEN = [
    "probes/C_connect_407_ooo_8081.pcap",
    "probes/E_socks5.pcap",
    "probes/I_vxlan_connect.pcap",
    "probes/M_quic_direct.pcap",
    "public/ntop__nDPI/http_connect.pcap",
    "public/arkime__arkime/socks5-reverse.pcap",
]


@pytest.mark.parametrize(("name", "flows"), [("T5-all-three", 47), ("proof/failures", 18)])
def test_both_agree_on_captures_of_the_laboratory(name: str, flows: int) -> None:
    opinion = opinion_of(ROOT / "captures" / f"{name}.pcapng")
    assert len(opinion.flows) == flows and opinion.differences == 0


@needs_oracles
@pytest.mark.parametrize("name", CHOSEN)
def test_both_agree_on_captures_made_by_others(name: str) -> None:
    assert differences(opinion_of(captures()[name])) == EXPLAINED.get(name, [])


def test_what_may_differ_is_among_the_captures() -> None:
    if ORACLES.is_dir():
        assert set(EXPLAINED) <= set(captures())


def test_a_planted_fault_is_found_in_the_right_flow() -> None:
    read = reading(str(T5))
    place = read.flows.schema.get_field_index("sni")
    names = read.flows.column("sni").to_pylist()
    which = next(i for i, name in enumerate(names) if name)
    planted = read.flows.set_column(place, "sni", pa.array([*names[:which], "planted.example", *names[which + 1 :]]))
    chosen = read.flows.column("id")[which].as_py()
    opinion = verify(planted, [Capture(str(T5), str(T5), 969)], only={chosen})
    (flow,) = opinion.flows
    assert flow.id == chosen
    assert [(line.fact, line.ours, line.theirs) for line in flow.differences] == [("sni", "planted.example", names[which])]


def test_a_name_behind_a_gap_is_found_by_the_second_look(tmp_path: Path) -> None:
    """Bytes before the hello were sent and never captured: with out-of-order reassembly on, Wireshark waits for them."""
    talk = Conversation(client=("172.16.11.92", 50_000), server=("172.16.12.10", 3128))
    talk.handshake().send_client(connect("a.example:443")).send_server(ESTABLISHED).skip(CLIENT, 40)
    talk.send_client(client_hello("a.example")).send_server(bytes(200)).close()
    path = tmp_path / "gap.pcap"
    path.write_bytes(pcap(talk.frames))
    opinion = opinion_of(path)
    (sni,) = (line for flow in opinion.flows for line in flow.lines if line.fact == "sni")
    assert (sni.ours, sni.theirs, sni.note) == ("a.example", "a.example", BESIDE_A_GAP)
    assert opinion.differences == 0


@pytest.mark.parametrize("option", [{"cut": True}, {"key": bytes(range(32))}])
def test_a_cut_slice_is_read_alike(option: dict[str, Any], tmp_path: Path) -> None:
    """The bodies that answers announce aren't in it: Wireshark would wait for them, and an anonymized slice is read the same way."""
    path = str(ROOT / "captures" / "T2-winhttp-wininet.pcapng")
    out = sliced(tmp_path / "s.pcapng", [path], Selection(services=["certificate-trust", "edr-command-and-control"]), **option)
    opinion = opinion_of(out)
    notes = {line.note for flow in opinion.flows for line in flow.lines if line.fact == "proxy_status"}
    assert opinion.differences == 0 and BESIDE_A_GAP in notes


def test_only_so_many_packets_are_looked_at() -> None:
    read = reading(str(T5))
    seen: list[tuple[str, int, int | None]] = []
    opinion = verify(read.flows, [Capture(str(T5), str(T5), 969)], limit=400, progress=lambda *told: seen.append(told))
    (looked,) = opinion.looked
    assert looked.capped and looked.frames <= 400 and 0 < looked.left_out < read.flows.num_rows
    assert opinion.differences == 0 and len(opinion.flows) + looked.left_out == read.flows.num_rows


def test_a_window_is_the_same_for_both() -> None:
    start = 1_795_450_665 * 10**9
    read = reading(str(T5), start_ns=start)
    assert read.flows.num_rows > 0
    opinion = verify(read.flows, [Capture(str(T5), str(T5), 969)], start_ns=start)
    assert [line for line in differences(opinion) if "packets" in line or "conversation" in line] == []


# What Wireshark doesn't open, with why; the flow's line says that it may not.
BEYOND_WIRESHARK = {
    "link 205, 2", "link 206, 1", "link 166, 7", "link 240, 8", "link 241, 39", "link 274, 41",  # link types that it can't read, or not so
    "link 8, 24", "link 281, 25", "link 282, 26", "link 283, 27", "link 284, 28",
    "link 180, 14",  # HTTP behind frame relay: a fault in its own HTTP dissector (4.0)
    "link 106, 53",  # LLC before classical IP, as tcpdump reads it too
    "link 242, 23",  # without the 40 bytes before IP over InfiniBand's header
    "mpls 18",  # an Ethernet frame behind a control word, which it has to be given
    "l2tp 9", "l2tp 8",  # a cookie whose length it learns from the control connection alone
}  # fmt: skip


def test_both_agree_on_a_conversation_in_any_wrapping(tmp_path: Path) -> None:
    ports, data = one_of_each()
    path = tmp_path / "wrapped.pcapng"
    path.write_bytes(data)
    flows = reading(str(path)).flows
    opinion = verify(flows, [Capture(str(path), str(path), None)])
    assert sorted(flows.column("client_port").to_pylist()) == sorted(ports)
    differ = {ports[int(flow.client.rpartition(":")[2])] for flow in opinion.flows if flow.differences and flow.id is not None}
    assert differ <= BEYOND_WIRESHARK, differ - BEYOND_WIRESHARK
    notes = {line.note for flow in opinion.flows for line in flow.lines if line.fact == "conversation" and line.ours and line.note}
    assert any("l2tp 9" in str(note) for note in notes)


def test_ports_are_told_as_they_were_seen() -> None:
    read = reading(str(T5))
    rows = [dict(row) for row in rows_of(read.flows)]
    assert decode_as(rows) == {"tcp.port==3128": "http"}
    assert decode_as([rows[0] | {"outer": "vlan 5, hp-erm"}]) == {"tcp.port==3128": "http", "udp.port==7932": "hp_erm"}
    rows[0] |= {"server_port": 9999, "request": "socks5"}
    rows[1] |= {"server_port": 3128, "request": None, "client_random": "00"}
    assert decode_as(rows) == {"tcp.port==9999": "socks"}
    assert tls_ports(rows[:2]) == {"tcp.port==3128": "tls"}


def test_filters_are_bounded() -> None:
    read = reading(str(T5))
    rows = rows_of(read.flows)
    assert filter_for(list(rows) * 10) is None and " or (" in (filter_for(rows[:2]) or "")
    opinions = opinion_of(T5).flows
    assert streams_filter(opinions * 100) is None
    assert (streams_filter(opinions[:2]) or "").startswith("tcp.stream in {")


def test_a_flow_in_several_captures_is_counted_and_left_out() -> None:
    read = reading(str(T5))
    place = read.flows.schema.get_field_index("captures")
    lists = [["a", "b"], *read.flows.column("captures").to_pylist()[1:]]
    flows = read.flows.set_column(place, read.flows.schema.field(place), pa.array(lists))
    assert verify(flows, [Capture(str(T5), str(T5), 969)], limit=1).in_several == 1
