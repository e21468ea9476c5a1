"""A slice holds exactly the packets of its flows: read again it gives the very same rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.slices.choose import Selection
from analyzer.slices.frames import read_frames
from tests.build import CLIENT, Conversation, client_hello, connect, ethernet, icmp_unreachable, pcap
from tests.conftest import ROOT, needs_oracles
from tests.engine import reading
from tests.oracles.engines import EXCEPTIONS
from tests.slices.slicing import rows_in, rows_of, sliced

T5 = str(ROOT / "captures" / "T5-all-three.pcapng")
MADE_BY_OTHERS = [
    "arkime__arkime/80211http.pcap",
    "arkime__arkime/arkime_synthetic.pcap",
    "arkime__arkime/socks5-http-302-frag.pcap",
    "ntop__nDPI/dns_fragmented.pcap",
    "ntop__nDPI/zoom.pcap",
    "seladb__PcapPlusPlus/ipv6.pcapng",
    "wireshark__wireshark/http-ooo.pcap",
    "zeek__zeek/erspan.pcap",
    "zeek__zeek/nflog-http.pcap",
]


def test_every_other_flow_of_the_laboratory_comes_out_as_it_was(tmp_path: Path) -> None:
    read = reading(T5)
    ids = set(read.flows.column("id").to_pylist()[::2])
    out = sliced(tmp_path / "s.pcapng", [T5], Selection(flows=sorted(ids)), read)
    assert rows_of(out) == rows_in(read, ids)


@needs_oracles
@pytest.mark.parametrize("name", MADE_BY_OTHERS)
def test_wrapped_parted_and_repeated_packets_come_out_as_they_were(name: str, oracles: Path, tmp_path: Path) -> None:
    assert f"public/{name}" not in {key for key, entry in EXCEPTIONS.items() if entry.get("refused_by")}
    path = str(oracles / "public" / name)
    read = reading(path)
    out = sliced(tmp_path / "s.pcapng", [path], None, read)
    assert rows_of(out) == rows_in(read, set(read.flows.column("id").to_pylist()))


def test_the_same_ends_again_are_another_flow(tmp_path: Path) -> None:
    first = Conversation(isns=(1000, 5000)).handshake().send_client(b"first").close()
    second = Conversation(isns=(90_000, 70_000), start_ns=first.now_ns + 10**9).handshake().send_client(b"second").close()
    path = tmp_path / "two.pcap"
    path.write_bytes(pcap([*first.frames, *second.frames]))
    read = reading(str(path))
    assert read.flows.num_rows == 2
    for row in range(2):
        chosen = {read.flows.column("id")[row].as_py()}
        assert rows_of(sliced(tmp_path / f"{row}.pcapng", [str(path)], Selection(flows=sorted(chosen)), read)) == rows_in(read, chosen)


def test_an_icmp_error_comes_with_the_flow_that_it_is_about(tmp_path: Path) -> None:
    talk = Conversation().syn()
    path = tmp_path / "u.pcap"
    path.write_bytes(pcap([*talk.frames, (talk.now_ns, ethernet(icmp_unreachable("172.16.11.1", "172.16.11.92", talk.frames[0][1][14:])))]))
    read = reading(str(path))
    assert read.flows.column("state").to_pylist() == ["unreachable"]
    assert [row["state"] for row in rows_of(sliced(tmp_path / "s.pcapng", [str(path)], None, read))] == ["unreachable"]


def test_captures_that_overlap_come_out_in_the_order_of_time(tmp_path: Path) -> None:
    one = Conversation(client=("172.16.11.92", 50_001)).handshake().send_client(connect("a.example:443")).close()
    two = Conversation(client=("172.16.11.92", 50_002), start_ns=one.frames[0][0] + 500)
    two.handshake().send_client(client_hello("b.example")).close()
    paths = [tmp_path / "1.pcap", tmp_path / "2.pcap"]
    for path, talk in zip(paths, (one, two), strict=True):
        path.write_bytes(pcap(talk.frames, nanosecond=True))
    read = reading(*map(str, paths))
    _, frames = read_frames([str(path) for path in paths], read.flows, range(read.flows.num_rows))
    times = [frame.ts_ns for frame in frames]
    assert times == sorted(times) and len(times) == len(one.frames) + len(two.frames)


def test_a_window_holds_for_the_slice_too(tmp_path: Path) -> None:
    talk = Conversation().handshake().send(CLIENT, b"x" * 10).close()
    path = tmp_path / "w.pcap"
    path.write_bytes(pcap(talk.frames))
    start = talk.frames[3][0]
    read = reading(str(path), start_ns=start)
    out = sliced(tmp_path / "s.pcapng", [str(path)], None, read)
    assert rows_of(out) == rows_in(read, set(read.flows.column("id").to_pylist()))
