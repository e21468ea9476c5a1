"""An anonymized slice gives the whole capture's verdict with its names replaced, and contains none of the old ones."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.pipeline import judge
from analyzer.slices.anonymize import read_key
from analyzer.slices.choose import Selection
from analyzer.slices.slicing import Written, write_slice
from tests.build import (
    ESTABLISHED,
    Conversation,
    absolute_get,
    certificate,
    client_hello,
    connect_as,
    dns_answer,
    dns_query,
    ethernet,
    head,
    ip,
    leaf,
    pcapng_block,
    quic_initial,
    records,
    section_header,
    server_hello,
    socks5,
    socks5_greeting,
    socks5_reply,
    udp,
)
from tests.build.files import enhanced, options
from tests.build.frames import UDP
from tests.conftest import ROOT, needs_oracles
from tests.engine import reading
from tests.reference.agree import rows_of_table
from tests.slices.anonymous import KEY, comparable, expected_rows, expected_verdict, ordered
from tests.slices.slicing import without_place
from tests.slices.test_parted import parts_of

CLIENT, PROXY, RESOLVER = "172.16.11.92", "172.16.12.10", "172.16.12.53"
CLIENT_MAC, PROXY_MAC = bytes.fromhex("a4bb6d112233"), bytes.fromhex("a4bb6d445566")


def anonymized(out: Path, *paths: str) -> Written:
    return write_slice(str(out), list(paths), reading(*paths), Selection(), key=KEY)


@pytest.mark.parametrize("name", ["T5-all-three", "proof/both-legs", "proof/failures"])
def test_the_same_rows_and_the_same_verdict_under_other_names(name: str, tmp_path: Path) -> None:
    path = str(ROOT / "captures" / f"{name}.pcapng")
    same(path, tmp_path)


@needs_oracles
@pytest.mark.parametrize(
    "capture",
    [
        *("probes/C_connect_407_ooo_8081.pcap", "probes/D_absolute_form.pcap", "probes/E_socks5.pcap", "probes/I_vxlan_connect.pcap"),
        *("probes/J_erspan2_connect.pcap", "probes/M_quic_direct.pcap", "probes/N_wpad.pcap", "probes/O_connect_record_frag.pcap"),
        *("public/arkime__arkime/socks5-reverse.pcap", "public/ntop__nDPI/http_connect.pcap", "public/zeek__zeek/nflog-http.pcap"),
        *("public/ntop__nDPI/dns_fragmented.pcap", "public/arkime__arkime/80211http.pcap", "public/ntop__nDPI/haproxy.pcap"),
    ],
)
def test_captures_of_others(capture: str, oracles: Path, tmp_path: Path) -> None:
    same(str(oracles / capture), tmp_path)


def same(path: str, tmp_path: Path) -> None:
    """The slice of the whole capture says the same; none of the capture's addresses is in it."""
    out = tmp_path / "a.pcapng"
    written = anonymized(out, path)
    whole, made = reading(path), reading(str(out))
    rows = sorted((comparable(without_place(row)) for row in rows_of_table(made.flows)), key=str)
    assert rows == sorted((comparable(row) for row in expected_rows(whole)), key=str)
    assert ordered(judge(made)) == expected_verdict(whole) and written.left_out == 0
    data = out.read_bytes()
    for end in ("client_ip", "server_ip"):
        for address in set(whole.flows.column(end).to_pylist()):
            packed = ipaddress.ip_address(address)
            assert packed.is_loopback or packed.is_multicast or packed.packed.count(0) > 2 or packed.packed not in data, address


def personal_frames() -> list[tuple[int, bytes]]:
    """Traffic that names a person, a machine and a company wherever a protocol has a place for it."""

    def wrap(packet: bytes) -> bytes:
        return PROXY_MAC + CLIENT_MAC + ethernet(packet)[12:] + b"annatrail"

    frames: list[tuple[int, bytes]] = []
    port = 50_000
    for client, server in (
        (
            head(
                *("CONNECT anna.contoso.com:443 HTTP/1.1", "Host: anna.contoso.com:443", "User-Agent: Contoso/1.0 (ANNA-PC)"),
                "Proxy-Authorization: NTLM TlRMTVNTUAADAAAAannA",
            ),
            head("HTTP/1.1 407 Dear Anna", "Proxy-Authenticate: Basic realm=Contoso", "Content-Length: 9") + b"annabody!",
        ),
        (
            absolute_get("http://anna:pass@annaweb.contoso.com/anna?name=anna", "Host: annaweb.contoso.com", "Cookie: u=anna")
            + b"anna has sent this",
            b"HTTP/1.1 200 OK\r\nServer: annas\r\nContent-Length: 4\r\n\r\nanna",
        ),
        (
            connect_as("winhttp", "winatp-gw-neu.microsoft.com") + client_hello("anna.contoso.com", extra=[(35, b"annas ticket")]),
            ESTABLISHED + server_hello(0x0303) + certificate(leaf("anna.contoso.com", "Contoso CA")) + b"\x17\x03\x03\0\4anna",
        ),
        (
            socks5_greeting(2) + b"\1\4anna\6secret" + socks5("anna.contoso.com", 443) + client_hello("winatp-gw-neu.microsoft.com"),
            b"\5\2\1\0" + socks5_reply() + server_hello(),
        ),
        (b"anna speaks a protocol of Contoso's own", b"\0anna\0"),
    ):
        port += 1
        talk = Conversation(client=(CLIENT, port), server=(PROXY, 3128), wrap=wrap).handshake()
        frames += talk.send_client(client).send_server(server).close().frames
    hello = records(client_hello("anna.contoso.com", bare=True))[5:]
    for source, sink, payload in (
        ((CLIENT, 5353), (RESOLVER, 53), dns_query("anna-pc.contoso.com")),
        ((RESOLVER, 53), (CLIENT, 5353), dns_answer("anna-pc.contoso.com", "172.16.11.93", alias="annas.contoso.com")),
        ((CLIENT, 6000), ("20.1.2.3", 443), quic_initial(hello)),
        ((CLIENT, 137), ("172.16.11.255", 137), b"netbios ANNA-PC CONTOSO"),
        ((CLIENT, 6001), (RESOLVER, 514), b"<13>anna logged on"),
    ):
        whole = wrap(ip(source[0], sink[0], UDP, udp(source, sink, payload), id=len(frames)))
        frames.append((frames[-1][0] + 1_000_000, whole))
    long = ethernet(ip(CLIENT, RESOLVER, UDP, udp((CLIENT, 7000), (RESOLVER, 53), dns_query("anna-long.contoso.com")), id=999))
    frames += [(frames[-1][0] + 1_000_000, PROXY_MAC + CLIENT_MAC + part[12:]) for part in parts_of(long, 24)]
    return frames


def test_what_can_identify_a_person_is_gone(tmp_path: Path) -> None:
    path, out = tmp_path / "annas capture.pcapng", tmp_path / "a.pcapng"
    comment = options("little", (1, b"captured by anna"), (2, b"anna0"), (3, b"Contoso uplink"))
    described = pcapng_block(1, (1).to_bytes(2, "little") + bytes(6) + comment)
    secrets = b"".join(enhanced(ts // 1000, data) for ts, data in personal_frames())
    path.write_bytes(section_header() + described + pcapng_block(0x0BAD, b"anna's block") + secrets)
    before = path.read_bytes()
    written = anonymized(out, str(path))
    after = out.read_bytes()
    assert written.left_out == 0
    hidden = [b"anna", b"contoso", b"netbios", b"tlrmtvnt", b"secret", b"<13>"]
    for secret in hidden:
        assert secret in before.lower() and secret not in after.lower(), secret
    macs = [CLIENT_MAC, PROXY_MAC]
    ips = [ipaddress.ip_address(ip).packed for ip in (CLIENT, PROXY, RESOLVER, "20.1.2.3", "172.16.11.93")]
    for secret in (*macs, *ips, bytes((172, 16))):
        assert secret in before and secret not in after, secret
    assert b"winatp-gw-neu.microsoft.com" in after and b"172.16." not in after
    whole, made = reading(str(path)), reading(str(out))
    assert sorted(filter(None, made.flows.column("service").to_pylist())) == sorted(filter(None, whole.flows.column("service").to_pylist()))
    assert len(made.flows) == len(whole.flows)


def test_keys(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(KEY)
    assert read_key(key) == KEY
    with pytest.raises(Unusable, match="can be guessed"):
        key.write_bytes(b"short")
        read_key(key)
    with pytest.raises(Unusable, match="No such file"):
        read_key(tmp_path / "none")
