"""Captures as networks and capture hosts really leave them: split, reordered, repeated, lost, cut, changed, interleaved.

The same seed gives the same bytes. Engines must agree on every one of them, whatever it holds.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from random import Random

from tests.build import frames as wire
from tests.build import requests as ask
from tests.build.conversation import CLIENT, SERVER, START_NS, SYN, Conversation
from tests.build.files import Frame, pcap, pcapng
from tests.build.hellos import ECH_GREASE, X25519MLKEM768, certificate, client_hello, leaf, quic_initial, records, server_hello

HOSTS = (
    "winatp-gw-neu.microsoft.com",
    "WDCP.Microsoft.com.",
    "20.1.2.3",
    "[2001:db8::7]",
    "a.example",
    "b\u00fccher.example",
    "x" * 60 + ".example",
)
CLIENTS = ("172.16.11.92", "172.16.11.93", "2001:db8::92")
SERVERS = ("172.16.12.10", "20.1.2.4", "2001:db8::10")
LEAF = leaf("cert.example")
Say = list[tuple[int, bytes]]  # who says what, in turn


def random_hello(chance: Random) -> bytes:
    host = chance.choice([*HOSTS, None])
    return client_hello(
        host.strip("[]") if host else None,
        alpn=chance.choice([(), ("h2", "http/1.1"), ("\x02",), (b"\xff\x01",)]),
        versions=chance.choice([(), (0x0304, 0x0303), (0x0303,), (0x7F1C,)]),
        legacy_version=chance.choice([0x0303, 0x0301, 0x0300]),
        groups=chance.choice([(X25519MLKEM768, 29), (29,)]),
        grease=chance.random() < 0.5,
        ech=ECH_GREASE if chance.random() < 0.2 else None,
        padding=chance.choice([0, 0, 200]),
        sni_last=chance.random() < 0.5,
        random=chance.randbytes(32),
        cuts=sorted(chance.sample(range(1, 80), chance.choice([0, 0, 1, 3]))),
    )


def random_tls(chance: Random) -> Say:
    said = [(CLIENT, random_hello(chance)), (SERVER, server_hello(chance.choice([0x0304, 0x0303, 0x0302])))]
    if chance.random() < 0.4:
        said.append((SERVER, certificate(LEAF)))
    return [*said, (CLIENT, records(chance.randbytes(50), kind=23)), (SERVER, records(chance.randbytes(400), kind=23))]


def random_answer(chance: Random, status: int) -> bytes:
    body = chance.randbytes(chance.choice([0, 3, 300]))
    first = f"HTTP/1.{chance.randint(0, 1)} {status} {chance.choice(['OK', 'Connection established', ''])}".rstrip()
    if chance.random() < 0.3:
        chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n" if body else b""
        return ask.head(first, "Transfer-Encoding: chunked") + chunk + b"0\r\n\r\n"
    return ask.head(first, f"Content-Length: {len(body)}", end=chance.choice(["\r\n", "\n"])) + body


def random_connect(chance: Random) -> Say:
    host = chance.choice(HOSTS)
    said: Say = []
    for status in chance.choice([(200,), (200,), (407, 200), (407,), (403,), (502,), ()]):
        asked = ask.connect_as(chance.choice(list(ask.CONNECT_SHAPES)), host, chance.choice([443, 8443]))
        said += [(CLIENT, asked), (SERVER, ask.ESTABLISHED if status == 200 else random_answer(chance, status))]
    if not said:
        said = [(CLIENT, ask.connect(host, "Host: " + host, end="\n"))]
    return said + chance.choice([random_tls, random_tls, random_http, random_noise])(chance)


def random_http(chance: Random) -> Say:
    said: Say = []
    for _ in range(chance.randint(1, 4)):
        host = chance.choice(HOSTS)
        fields = [f"Host: {host}", f"User-Agent: {chance.choice(['curl/8', 'Microsoft-CryptoAPI/10.0'])}", "X-Folded: a\r\n b"]
        target = chance.choice(["/wpad.dat?q=1", f"http://{host}/p/q?secret", f"HTTP://{host}:8080", "*"])
        method, body = chance.choice([("GET", b""), ("HEAD", b""), ("POST", b"GET /no HTTP/1.1\r\n\r\n"), ("OPTIONS", b"")])
        fields += [f"Content-Length: {len(body)}"] if body else []
        said.append((CLIENT, b"\r\n" * chance.randint(0, 1) + ask.head(f"{method} {target} HTTP/1.1", *fields) + body))
        if chance.random() < 0.2:
            said.append((SERVER, b"HTTP/1.1 100 Continue\r\n\r\n"))
        said.append(
            (SERVER, b"HTTP/1.1 304 No\r\nETag: x\r\n\r\n" if method == "HEAD" else random_answer(chance, chance.choice([200, 404, 503])))
        )
    return said


def random_socks(chance: Random) -> Say:
    host = chance.choice(HOSTS[:3])
    if chance.random() < 0.5:
        asked, replies = ask.socks4(host, 443, chance.choice([b"", b"me"])), [ask.socks4_reply(chance.choice([90, 91]))]
        return [(CLIENT, asked), (SERVER, replies[0]), *random_tls(chance)]
    said = [(CLIENT, ask.socks5_greeting(0, 2)), (SERVER, b"\5\2"), (CLIENT, b"\1\2me\2pw"), (SERVER, b"\1\0")]
    said = said if chance.random() < 0.5 else [(CLIENT, ask.socks5_greeting()), (SERVER, b"\5\0")]
    return [*said, (CLIENT, ask.socks5(host, 443)), (SERVER, ask.socks5_reply(chance.choice([0, 5]))), *random_tls(chance)]


def random_noise(chance: Random) -> Say:
    starts = [
        b"",
        b"\x16\3\1",
        b"SSH-2.0-x\r\n",
        b"GET ",
        b"EHLO a\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\5\1\0",
        b"\4\1\1\xbb",
        b"CONNECT x\r\n",
    ]
    return [(chance.choice([CLIENT, SERVER]), chance.choice(starts) + chance.randbytes(chance.randint(0, 60))) for _ in range(3)]


TALKS: tuple[Callable[[Random], Say], ...] = (random_connect, random_connect, random_tls, random_http, random_socks, random_noise)


def speak(chance: Random, talk: Conversation, said: Say) -> None:
    """Send what is said in segments, some late, repeated, overlapping with other bytes, or never captured."""
    for way, data in said:
        start = talk.sent[way]
        if chance.random() < 0.05:
            talk.skip(way, len(data))
            continue
        cuts = sorted(chance.sample(range(1, len(data)), min(len(data) - 1, chance.choice([0, 0, 1, 2, 5])))) if len(data) > 1 else []
        order = list(range(len(cuts) + 1))
        if chance.random() < 0.3:
            chance.shuffle(order)
        if chance.random() < 0.1:
            order.pop(chance.randrange(len(order)))
        talk.send(way, data, cuts=cuts, order=order)
        if chance.random() < 0.2 and data:
            a = chance.randrange(len(data))
            again = data[a : a + chance.randint(1, 100)]
            talk.send(way, again if chance.random() < 0.5 else chance.randbytes(len(again)), at=start + a)


def random_wrap(chance: Random) -> Callable[[bytes], bytes]:
    """Ethernet around packets, mostly alone."""
    around = wire.ethernet
    if chance.random() < 0.2:
        return lambda packet: around(wire.vlan(packet, 100), 0x8100)
    if chance.random() < 0.1:
        outer = ("10.9.9.1", 9999), ("10.9.9.2", 4789)
        return lambda packet: around(wire.ip("10.9.9.1", "10.9.9.2", 17, wire.udp(*outer, wire.vxlan(around(packet), 42)), id=1))
    return around


def random_conversation(chance: Random, start_ns: int) -> list[tuple[int, bytes]]:
    six = chance.random() < 0.2
    client, server = CLIENTS[2 if six else chance.randint(0, 1)], SERVERS[2 if six else chance.randint(0, 1)]
    isns = tuple(chance.choice([1000, 2**32 - chance.randint(1, 900), chance.randrange(2**32)]) for _ in range(2))
    ends = (client, chance.choice([50000, 50001, 60000])), (server, chance.choice([3128, 443, 80]))
    talk = Conversation(*ends, (isns[0], isns[1]), start_ns=start_ns, step_ns=chance.choice([1000, 2_000_000]), wrap=random_wrap(chance))
    begin = chance.random()
    if begin < 0.75:
        talk.handshake()
    elif begin < 0.85:
        talk.syn()
    if not 0.75 <= begin < 0.82:
        speak(chance, talk, chance.choice(TALKS)(chance))
    for _ in range(chance.randint(0, 2)):
        chance.choice([talk.fin, talk.rst])(chance.choice([CLIENT, SERVER]))
    if chance.random() < 0.1:
        syn = wire.ip(client, server, 6, wire.tcp(*ends, seq=isns[0], flags=SYN))
        router = "2001:db8::1" if six else "172.16.11.1"
        talk.frames.append((talk.now_ns, talk.wrap(wire.icmp_unreachable(router, client, syn, chance.choice([0, 1, 3, 4])))))
    return talk.frames


def random_datagrams(chance: Random, start_ns: int) -> list[tuple[int, bytes]]:
    """A name looked up and its server spoken to over QUIC."""
    client, server, resolver = CLIENTS[0], SERVERS[1], "172.16.11.1"
    hello = client_hello("quic.example", alpn=("h3",), bare=True, random=chance.randbytes(32))
    cut = chance.randint(1, len(hello) - 1)
    parts = [quic_initial(hello[:cut]), quic_initial(hello[cut:], offset=cut, number=1)]
    chance.shuffle(parts)
    dns = (client, chance.choice([50053, 50054])), (resolver, 53)
    sent = [(*dns, ask.dns_query("asked.example")), (dns[1], dns[0], ask.dns_answer("asked.example", server, alias="alias.example"))]
    sent += [((client, 55555), (server, 443), part) for part in parts]
    return [
        (start_ns + i * 1_000_000, wire.ethernet(wire.ip(a[0], b[0], 17, wire.udp(a, b, data), id=i + 1)))
        for i, (a, b, data) in enumerate(sent)
        if chance.random() > 0.1
    ]


def disturbed(chance: Random, frames: list[tuple[int, bytes]]) -> list[Frame]:
    """Frames captured twice, out of order, lost, or with a byte changed."""
    result: list[Frame] = []
    for ts_ns, data in frames:
        if chance.random() < 0.02:
            continue
        if chance.random() < 0.02:
            at = chance.randrange(14, len(data))
            data = data[:at] + bytes((chance.randrange(256),)) + data[at + 1 :]
        result.append((ts_ns, data))
        if chance.random() < 0.05:
            result.append((ts_ns + chance.choice([1000, 5_000_000, 5_001_000, 1_000_000_000, 1_000_001_000]), data))
        if len(result) > 1 and chance.random() < 0.05:
            result[-1], result[-2] = result[-2], result[-1]
    return result


def messy_capture(seed: int) -> bytes:
    """A capture of one to six conversations; any container, sometimes with a snap length."""
    chance = Random(seed)
    start_ns = START_NS + chance.randrange(10**9) * 1000
    talks = [random_conversation(chance, start_ns + i * chance.choice([0, 10**6, 10**10])) for i in range(chance.randint(1, 6))]
    if chance.random() < 0.2:
        talks.append(random_datagrams(chance, start_ns))
    frames = disturbed(chance, sorted((frame for talk in talks for frame in talk), key=lambda frame: frame[0]))
    snap_bytes = chance.choice([262144, 262144, 262144, 96, 200])
    order = chance.choice(["little", "big"])
    if chance.random() < 0.3:
        data = pcapng([(ts_ns, raw[:snap_bytes], len(raw)) for ts_ns, raw, *_ in frames], order=order)
    else:
        data = pcap(frames, order=order, nanosecond=chance.random() < 0.5, snap_bytes=snap_bytes)
    if chance.random() < 0.05:
        data = data[: chance.randrange(30, len(data))]
    return gzip.compress(data) if chance.random() < 0.1 else data
