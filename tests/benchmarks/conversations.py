"""The messages on a connection of the benchmark capture, packet by packet, as a shape that many flows share.

A shape fixes directions, flags, sequence numbers and payloads; a flow gives it addresses, ports, initial sequence numbers and randoms.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.benchmarks.hellos import RANDOM_AT, browser, client_finish, openssl, record, schannel, server_flight

MSS = 1460
OUT, IN = 0, 1
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
SOON_US = 400  # between packets that follow one another
TRIP_US = 20_000  # between a request and its answer
WINDOW = 1026
THINK_US = 3_500_000  # between two bursts
LISTED, NOISE = 0, 1  # a payload: bytes of the shape's own, or noise in place of ciphertext, after a record header where one starts

WININET_AGENT = "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko"
CHROMIUM_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)
CRYPTO_AGENT = "Microsoft-CryptoAPI/10.0"


@dataclass
class Shape:
    """One conversation: its packets as columns, and the results of a correct reader."""

    truth: dict[str, str | int | None]
    payloads: bytearray = field(default_factory=bytearray)
    rows: list[tuple[int, ...]] = field(
        default_factory=list
    )  # direction, flags, seq, ack, where, start, length, random_at, window, time_us
    sent: list[int] = field(default_factory=lambda: [0, 0])
    time_us: int = 0

    def packet(
        self,
        direction: int,
        flags: int,
        after_us: int,
        payload: tuple[int, int, int] = (LISTED, 0, 0),
        random_at: int = -1,
        window: int = WINDOW,
    ) -> None:
        self.time_us += after_us
        seq, ack = self.sent[direction], self.sent[1 - direction] if flags & ACK else 0
        self.rows.append((direction, flags, seq, ack, *payload, random_at, window, self.time_us))
        self.sent[direction] += payload[2] + (1 if flags & (SYN | FIN) else 0)

    def open(self) -> None:
        self.packet(OUT, SYN, SOON_US)
        self.packet(IN, SYN | ACK, TRIP_US)
        self.packet(OUT, ACK, SOON_US)

    def say(self, direction: int, data: bytes, random_at: int = -1) -> None:
        """The data in segments, each acknowledged."""
        base = len(self.payloads)
        self.payloads += data
        for at in range(0, len(data), MSS):
            length = min(MSS, len(data) - at)
            self.packet(
                direction,
                ACK | PSH if at + length == len(data) else ACK,
                SOON_US if at else TRIP_US,
                (LISTED, base + at, length),
                random_at,
            )
            random_at = -1
            self.packet(1 - direction, ACK, SOON_US)

    def transfer(self, direction: int, segments: int) -> None:
        """A record of noise that fills the segments; each is acknowledged, and again when the receiver has read it (window update)."""
        base = len(self.payloads)
        self.payloads += record(23, bytes(segments * MSS - 5))[:5]
        for n in range(segments):
            self.packet(direction, ACK | PSH, SOON_US if n else THINK_US, (NOISE, -1 if n else base, MSS))
            self.packet(1 - direction, ACK, SOON_US, window=WINDOW - 6)
            self.packet(1 - direction, ACK, SOON_US)

    def close(self) -> None:
        self.packet(OUT, FIN | ACK, TRIP_US)
        self.packet(IN, ACK, SOON_US)
        self.packet(IN, FIN | ACK, SOON_US)
        self.packet(OUT, ACK, SOON_US)
        self.truth["state"] = "closed"


def exchange(shape: Shape, segments: int) -> None:
    """Bursts of at most eight segments, two down for one up."""
    left, turn = segments, 0
    while left:
        burst = min(left, 8)
        shape.transfer(OUT if turn % 3 == 2 else IN, burst)
        left, turn = left - burst, turn + 1


def speak_tls(shape: Shape, host: str, hello: str, segments: int) -> None:
    """Handshake and bulk data, on an open connection or in a tunnel."""
    first = {"schannel": schannel, "openssl": openssl}.get(hello, lambda name: browser(name, post_quantum=hello == "post-quantum"))(host)
    modern = hello != "schannel"
    shape.say(OUT, first, RANDOM_AT)
    shape.say(IN, server_flight(modern))
    shape.say(OUT, client_finish(modern))
    exchange(shape, segments)
    shape.truth |= {
        "sni": host,
        "tls_version": "1.3" if modern else "1.2",
        "certificate_issuer": None if modern else "CN=Benchmark Issuing CA",
    }


def connect_request(host: str, client: str, authorized: bool = False) -> bytes:
    """CONNECT as WinHTTP, WinINET or Chromium writes it."""
    authority = f"{host}:443"
    lines = {
        "winhttp": [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"],
        "wininet": [
            f"CONNECT {authority} HTTP/1.0",
            f"User-Agent: {WININET_AGENT}",
            "Content-Length: 0",
            f"Host: {host}",
            "Proxy-Connection: Keep-Alive",
            "Pragma: no-cache",
        ],
        "chromium": [
            f"CONNECT {authority} HTTP/1.1",
            f"Host: {authority}",
            "Proxy-Connection: keep-alive",
            f"User-Agent: {CHROMIUM_AGENT}",
        ],
    }[client]
    if authorized:
        lines.append("Proxy-Authorization: Negotiate TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def answer(status: int, reason: str, body: int = 0) -> bytes:
    extra = f"Proxy-Authenticate: Negotiate\r\nContent-Length: {body}\r\n" if status == 407 else ""
    return f"HTTP/1.1 {status} {reason}\r\n{extra}Via: 1.1 proxy (squid/5.7)\r\n\r\n".encode() + b"." * body


def tunnel(host: str, client: str, hello: str, segments: int, *, asked_twice: bool = False, closes: bool = True) -> Shape:
    agent = {"winhttp": None, "wininet": WININET_AGENT, "chromium": CHROMIUM_AGENT}[client]
    known: dict[str, str | int | None] = {
        "request": "connect",
        "requested_host": host,
        "requested_port": 443,
        "proxy_status": 200,
        "http_host": host,
        "user_agent": agent,
    }
    shape = Shape({**known, "requests": 2 if asked_twice else 1, "host": host, "host_source": "connect", "state": "open"})
    shape.open()
    if asked_twice:
        shape.say(OUT, connect_request(host, client))
        shape.say(IN, answer(407, "Proxy Authentication Required", 900))
    shape.say(OUT, connect_request(host, client, asked_twice))
    shape.say(IN, answer(200, "Connection established"))
    speak_tls(shape, host, hello, segments)
    if closes:
        shape.close()
    return shape


def absolute(host: str, path: str, size: int) -> Shape:
    """One GET in absolute form, without a port as Windows writes it, and its answer."""
    known: dict[str, str | int | None] = {
        "request": "absolute",
        "requested_host": host,
        "requested_port": 80,
        "proxy_status": 200,
        "http_host": host,
        "user_agent": CRYPTO_AGENT,
    }
    shape = Shape({**known, "requests": 1, "host": host, "host_source": "absolute"})
    shape.open()
    lines = [
        f"GET http://{host}{path} HTTP/1.1",
        "Proxy-Connection: Keep-Alive",
        "Accept: */*",
        f"User-Agent: {CRYPTO_AGENT}",
        f"Host: {host}",
    ]
    shape.say(OUT, ("\r\n".join(lines) + "\r\n\r\n").encode())
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
    shape.say(IN, head.encode() + b"\x30\x82" * (size // 2))
    shape.close()
    return shape


def direct(host: str, hello: str, segments: int) -> Shape:
    shape = Shape({"requests": 0, "host": host, "host_source": "sni"})
    shape.open()
    speak_tls(shape, host, hello, segments)
    shape.close()
    return shape


def blocked() -> Shape:
    """A SYN that the gateway drops, sent again as Windows does."""
    shape = Shape({"requests": 0, "state": "no-answer"})
    for after_us in (SOON_US, 1_000_000, 2_000_000):
        shape.packet(OUT, SYN, after_us)
        shape.sent[OUT] = 0
    return shape


def refused() -> Shape:
    shape = Shape({"requests": 0, "state": "refused"})
    shape.packet(OUT, SYN, SOON_US)
    shape.packet(IN, RST | ACK, SOON_US)
    return shape
