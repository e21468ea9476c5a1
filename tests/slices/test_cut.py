"""Cut slices keep what names are read from and how long everything was, and lose the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.build import (
    ESTABLISHED,
    Conversation,
    client_hello,
    connect,
    dns_query,
    ethernet,
    get,
    ip,
    messy_capture,
    pcap,
    server_hello,
    udp,
)
from tests.build.conversation import START_NS
from tests.conftest import ROOT, needs_oracles
from tests.engine import reading
from tests.slices.slicing import rows_in, rows_of, sliced


def test_every_row_stays_as_it_was(tmp_path: Path) -> None:
    for name in ("T5-all-three", "T3b-wininet-user", "proof/failures", "proof/interception"):
        path = str(ROOT / "captures" / f"{name}.pcapng")
        read = reading(path)
        out = sliced(tmp_path / "cut.pcapng", [path], None, read, cut=True)
        cut = rows_of(out)
        whole = rows_in(read, set(read.flows.column("id").to_pylist()))
        assert cut == whole
        assert out.stat().st_size < Path(path).stat().st_size * 0.7


@needs_oracles
@pytest.mark.parametrize(
    "probe", ["C_connect_407_ooo_8081", "E_socks5", "M_quic_direct", "O_connect_record_frag", "I_vxlan_connect", "N_wpad"]
)
def test_probes_keep_their_names(probe: str, oracles: Path, tmp_path: Path) -> None:
    path = str(oracles / "probes" / f"{probe}.pcap")
    read = reading(path)
    assert rows_of(sliced(tmp_path / "s.pcapng", [path], None, read, cut=True)) == rows_in(read, set(read.flows.column("id").to_pylist()))


def test_what_is_behind_the_names_is_gone(tmp_path: Path) -> None:
    talk = Conversation().handshake().send_client(connect("a.example:443")).send_server(ESTABLISHED)
    talk.send_client(client_hello("a.example") + b"SECRET1").send_server(server_hello() + b"SECRET2").send_client(b"SECRET3" * 100).close()
    posted = Conversation(client=("172.16.11.92", 50_009)).handshake().send_client(get("/", "Host: b.example"))
    posted.send_server(b"HTTP/1.1 200 OK\r\n\r\nSECRET4").close()
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(sorted([*talk.frames, *posted.frames], key=lambda f: f[0])))
    data = sliced(tmp_path / "s.pcapng", [str(path)], cut=True).read_bytes()
    assert b"a.example" in data and b"b.example" in data and b"SECRET" not in data


CUT_AWAY = {"server_first": None, "first_cut": None}
"""Bytes of an unknown protocol aren't kept: a slice is a capture with a snap length of its own."""


@pytest.mark.parametrize("seed", [0, 1])
def test_messy_captures_keep_their_rows(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "messy.pcap"
    path.write_bytes(messy_capture(seed))
    read = reading(str(path))
    rows = rows_of(sliced(tmp_path / "s.pcapng", [str(path)], None, read, cut=True))
    whole = rows_in(read, set(read.flows.column("id").to_pylist()))
    assert [row | CUT_AWAY for row in rows] == [row | CUT_AWAY for row in whole]
    firsts = [(row["server_first"], before["server_first"]) for row, before in zip(rows, whole, strict=True)]
    assert all(now == before or (now, before) == (None, "other") for now, before in firsts)


@pytest.mark.parametrize("port", [53, 5353, 5355])
def test_lookups_of_every_resolver_and_neighbour_stay_whole(port: int, tmp_path: Path) -> None:
    ends = ("172.16.11.92", 50_053), ("172.16.11.1", port)
    frame = ethernet(ip(ends[0][0], ends[1][0], 17, udp(*ends, dns_query("wpad.contoso.example"))))
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap([(START_NS, frame)]))
    assert b"\4wpad\7contoso\7example\0" in sliced(tmp_path / "s.pcapng", [str(path)], cut=True).read_bytes()
