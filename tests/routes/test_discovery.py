from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tests.build as build
from analyzer.routes.discovery import MAX_PROXIES, Discovery, proxies_of
from analyzer.routes.topology import topology_from
from tests.build import Conversation, dns_answer, dns_query
from tests.engine import reading

CLIENT, RESOLVER, SERVER = "172.16.11.92", "172.16.11.1", "172.16.12.20"
T = 1_700_000_000_000_000_000
LAB = topology_from({"proxy": [{"name": "PROX01", "address": "172.16.12.10", "port": 3128}]}, "lab.toml")
PAC = b"""function FindProxyForURL(url, host) {
  // return "PROXY old:1";
  if (isPlainHostName(host)) return "DIRECT";
  return "PROXY 172.16.12.10:3128; PROXY prox02.corp:8080; DIRECT"; /* PROXY gone:2 */
}
"""


def datagram(ends: tuple[tuple[str, int], tuple[str, int]], data: bytes, ts_ns: int = T) -> tuple[int, bytes]:
    return ts_ns, build.ethernet(build.ip(ends[0][0], ends[1][0], 17, build.udp(*ends, data), id=ts_ns % 60000 + 1))


def lookup(name: str, *addresses: str) -> list[tuple[int, bytes]]:
    ends = (CLIENT, 50053), (RESOLVER, 53)
    question = datagram(ends, dns_query(name))
    return [question, datagram(ends[::-1], dns_answer(name, *addresses), T + 1000)] if addresses else [question]


def fetch(*answer: bytes, path: str = "/wpad.dat") -> list[tuple[int, bytes]]:
    talk = Conversation((CLIENT, 50001), (SERVER, 80), start_ns=T + 10**9).handshake()
    talk.send_client(build.get(path, "Host: wpad.corp.example"))
    for part in answer:
        talk.send_server(part)
    return talk.frames


def dhcp(url: bytes | None, *, wanted: bool = False, op: int = 2, kind: int = 5) -> tuple[int, bytes]:
    """A DHCP message to the client, or from it when op is 1."""
    address = bytes((172, 16, 11, 92))
    fixed = struct.pack(">4BI2H", op, 1, 6, 0, 7, 0, 0) + (address if op == 1 else bytes(4)) + (bytes(4) if op == 1 else address) + bytes(8)
    options = bytes((53, 1, kind)) + (bytes((55, 3, 1, 252, 3)) if wanted else b"")
    options += bytes((252, len(url))) + url if url is not None else b""
    body = fixed.ljust(236, b"\0") + b"\x63\x82\x53\x63" + options + b"\xff"
    ends = (RESOLVER, 67), ("255.255.255.255", 68)
    return datagram(((CLIENT, 68), ("255.255.255.255", 67)) if op == 1 else ends, body)


def found(*frames: tuple[int, bytes]) -> list[Discovery]:
    data = build.pcap(sorted(frames, key=lambda frame: frame[0]), nanosecond=True)
    return list(reading(data, topology=LAB).discoveries)


def test_nothing_is_nothing() -> None:
    assert found() == [] and found(*lookup("wpadx.example"), *fetch(b"HTTP/1.1 200 OK\r\n\r\n", path="/index.html")) == []


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (lookup("wpad.corp.example"), "no answer"),
        (lookup("WPAD.corp.example", SERVER), SERVER),
        ([*lookup("wpad"), datagram(((RESOLVER, 53), (CLIENT, 50053)), b"\0\1\x81\x83" + dns_query("wpad")[4:])], "no such name"),
        ([*lookup("wpad"), datagram(((RESOLVER, 53), (CLIENT, 50053)), b"\0\1\x81\x82" + dns_query("wpad")[4:])], "error 2"),
    ],
)
def test_asked_of_dns(frames: list[tuple[int, bytes]], said: str) -> None:
    (one,) = found(*frames)
    assert (one.client_ip, list(one.asked.values()), len(one.flows), one.fetched) == (CLIENT, [said], 1, {})


def test_asked_of_its_neighbours() -> None:
    (one,) = found(datagram(((CLIENT, 50055), ("224.0.0.252", 5355)), dns_query("wpad")))
    assert one.asked == {"wpad": "no answer"}


def test_dhcp() -> None:
    (asks,) = found(dhcp(None, wanted=True, op=1, kind=8))
    assert (asks.client_ip, asks.dhcp_asked, asks.dhcp_url) == (CLIENT, True, None)
    (told,) = found(dhcp(b"http://wpad.corp.example/wpad.dat\0"))
    assert (told.client_ip, told.dhcp_url) == (CLIENT, "http://wpad.corp.example/wpad.dat")
    assert found(dhcp(None), dhcp(None, op=1), dhcp(b"")) == []


def answer(body: bytes, *fields: str) -> bytes:
    return (
        "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 OK", "Content-Type: application/x-ns-proxy-autoconfig", *fields, "")).encode()
        + body
    )


SIZED = answer(PAC, f"Content-Length: {len(PAC)}")
CHUNKED = answer(b"%x\r\n%b\r\n0\r\n\r\n" % (len(PAC), PAC), "Transfer-Encoding: chunked")
PROXIES = {"172.16.12.10:3128": "PROX01", "prox02.corp:8080": None}


@pytest.mark.parametrize("data", [SIZED, answer(PAC), CHUNKED], ids=["a length", "to the end", "chunks"])
@pytest.mark.parametrize("cut", [0, 40, 150, 250])
def test_what_a_pac_file_names(data: bytes, cut: int) -> None:
    """Wherever a segment ends, the file is read once, whole."""
    (one,) = found(*fetch(*([data[:cut], data[cut:]] if cut else [data])))
    assert (one.fetched, one.files, one.proxies) == ({"http://wpad.corp.example/wpad.dat": 200}, 1, PROXIES)


def test_a_refused_fetch() -> None:
    (one,) = found(*fetch(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))
    assert (one.fetched, one.files, one.proxies) == ({"http://wpad.corp.example/wpad.dat": 404}, 0, {})


def test_a_proxy_named_by_its_name_is_found_by_its_address() -> None:
    pac = PAC.replace(b"172.16.12.10", b"Prox01.corp")
    (one,) = found(*lookup("prox01.corp", "172.16.12.10"), *fetch(answer(pac, f"Content-Length: {len(pac)}")))
    assert one.proxies == {"Prox01.corp:3128": "PROX01", "prox02.corp:8080": None}


def test_what_comes_behind_a_file_on_the_same_connection_is_read_too() -> None:
    talk = Conversation((CLIENT, 50001), (SERVER, 80), start_ns=T).handshake()
    for path in ("/proxy.pac", "/other.pac"):
        talk.send_client(build.get(path, "Host: a"))
        talk.send_server(SIZED[:60]).send_server(SIZED[60:])
    (one,) = found(*talk.frames)
    assert (one.fetched, one.files) == ({"http://a/proxy.pac": 200, "http://a/other.pac": 200}, 2)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", []),
        ("PROXY a:80;proxy b:81; SOCKS c:1080; SOCKS5 [::1]:1081; HTTPS d:443; PROXY a:80", ["a:80", "c:1080", "[::1]:1081", "d:443"]),
        ("PROXY a; PROXY b:0; PROXY c:99999; XPROXY d:1", []),
        ("var u = 'http://x/'; return 'PROXY a:1'", ["a:1"]),
        ("// PROXY a:1\n/* PROXY b:2 */ PROXY c:3", ["c:3"]),
    ],
)
def test_proxies_in_a_text(text: str, named: list[str]) -> None:
    assert proxies_of(text) == named


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(st.text(max_size=200), st.lists(st.sampled_from(["PROXY ", "/*", "//", "*/", "a:1", "\n", ";"]), max_size=30).map("".join))
)
def test_any_text(text: str) -> None:
    assert len(proxies_of(text)) <= MAX_PROXIES
