"""Conversations with a secret in every place where one may be, named by the kind of place."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator

from tests.build import (
    ESTABLISHED,
    Conversation,
    absolute_get,
    client_hello,
    connect,
    ethernet,
    get,
    head,
    ip,
    server_hello,
    socks4,
    socks4_reply,
    socks5,
    socks5_greeting,
    socks5_reply,
    udp,
)
from tests.build.files import Frame

USER = "janedoe"
PASSWORD = "Secret1xyz"
ENCODED = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
SECRETS = [USER, PASSWORD, ENCODED, ENCODED.rstrip("=")]
HOST = "winatp-gw-neu.microsoft.com"
BOTH = f"{USER}:{PASSWORD}"
DENIED = head("HTTP/1.1 407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=x", "Content-Length: 0")
OK = head("HTTP/1.1 200 OK", "Content-Length: 2") + b"ok"
DHCP_FIXED = (bytes((2, 1, 6, 0)) + bytes(12) + bytes((10, 0, 0, 9))).ljust(236, b"\0") + b"\x63\x82\x53\x63"
PAC = f'function FindProxyForURL(u, h) {{ return "PROXY {BOTH}@proxy.example:8080"; }} // http://{BOTH}@x.example/'.encode()
PAC_ANSWER = head("HTTP/1.1 200 OK", "Content-Type: application/x-ns-proxy-autoconfig", f"Content-Length: {len(PAC)}") + PAC

TO_PROXY: dict[str, tuple[bytes, bytes]] = {
    "user info before a CONNECT's host": (connect(f"{BOTH}@{HOST}:443"), ESTABLISHED),
    "user info in a CONNECT's URL": (connect(f"https://{BOTH}@{HOST}:443/"), ESTABLISHED),
    "user info behind slashes": (connect(f"//{USER}@{HOST}:443"), ESTABLISHED),
    "user info alone": (connect(f"{BOTH}"), b""),
    "user info that was encoded": (connect(f"{USER}%3A{PASSWORD}%40{HOST}:443"), b""),
    "a password with a slash": (connect(f"{USER}:a/{PASSWORD}@{HOST}:443"), b""),
    "a password of digits, then a slash": (connect(f"{USER}:1/{PASSWORD}@{HOST}:443"), b""),
    "NATS": (f'CONNECT {{"verbose":false,"user":"{USER}","pass":"{PASSWORD}"}}\r\n'.encode(), b"+OK\r\n"),
    "a CONNECT of Oracle's": (f"CONNECT {USER}/{PASSWORD}@{HOST}:1521\r\n".encode(), b""),
    "basic credentials": (connect(f"{HOST}:443", f"Proxy-Authorization: Basic {ENCODED}"), ESTABLISHED),
    "credentials without a scheme": (connect(f"{HOST}:443", f"Proxy-Authorization: {ENCODED}"), DENIED),
    "credentials as they are": (connect(f"{HOST}:443", f"Proxy-Authorization: {BOTH}"), DENIED),
    "user info in a Host field": (connect(f"{HOST}:443", f"Host: {BOTH}@{HOST}:443"), ESTABLISHED),
    "user info in a user agent": (connect(f"{HOST}:443", f"User-Agent: agent (+https://{BOTH}@x.example/a) {BOTH}@y"), ESTABLISHED),
    "an absolute form": (absolute_get(f"http://{BOTH}@download.windowsupdate.com/a?key={PASSWORD}#{PASSWORD}"), OK),
    "an absolute form whose password has a slash": (absolute_get(f"http://{USER}:a/{PASSWORD}@download.windowsupdate.com/a"), OK),
    "an absolute form with another in its path": (absolute_get(f"http://download.windowsupdate.com/http://{BOTH}@x.example/"), OK),
    "header fields": (
        absolute_get(
            "http://download.windowsupdate.com/b", f"Authorization: Basic {ENCODED}", f"Cookie: s={PASSWORD}", f"Referer: http://{BOTH}@x/"
        ),
        head(
            "HTTP/1.1 302 Found",
            f"Location: https://{BOTH}@portal.example/login?s={PASSWORD}",
            f"Set-Cookie: s={PASSWORD}",
            "Content-Length: 0",
        ),
    ),
    "a body": (
        head("POST http://download.windowsupdate.com/c HTTP/1.1", "Content-Length: 30") + f"user={USER}&p={PASSWORD}".encode().ljust(30),
        OK,
    ),
    "SOCKS4": (socks4(HOST, 443, USER.encode()), socks4_reply()),
    "a SOCKS4 name": (socks4(f"{BOTH}@{HOST}", 443), socks4_reply()),
}
DIRECT: dict[str, tuple[bytes, bytes]] = {
    "a PAC file's URL": (get(f"//{BOTH}@wpad.example/wpad.dat?key={PASSWORD}", f"Host: {BOTH}@wpad.example"), PAC_ANSWER),
    "FTP": (b"", f"220 hello\r\nUSER {USER}\r\nPASS {PASSWORD}\r\n".encode()),
    "POP3": (f"USER {USER}\r\nPASS {PASSWORD}\r\n".encode(), b"+OK\r\n"),
    "SMTP": (f"EHLO x\r\nAUTH PLAIN {ENCODED}\r\n".encode(), b"235 ok\r\n"),
}  # fmt: skip


def frames() -> Iterator[Frame]:
    """Every conversation, one after the other; the last ones as they look from their middle on."""
    talks = [*(TO_PROXY[name] for name in TO_PROXY), *(DIRECT[name] for name in DIRECT)]
    for i, (asked, answered) in enumerate(talks):
        is_direct = i >= len(TO_PROXY)
        ends = ("20.1.2.3", 80) if is_direct else ("172.16.12.10", 3128)
        yield from talk(i, ends, asked, answered, handshake=True)
    for i, (asked, answered) in enumerate(talks, start=len(talks)):
        yield from talk(i, ("172.16.12.10", 3128), asked, answered, handshake=False)
    credentials = bytes((1, len(USER))) + USER.encode() + bytes((len(PASSWORD),)) + PASSWORD.encode()
    for n, handshake in ((200, True), (201, False)):
        socks = opened(n, ("172.16.12.10", 1080), handshake=handshake)
        socks.send_client(socks5_greeting(0, 2)).send_server(b"\5\2").send_client(credentials).send_server(b"\1\0")
        yield from socks.send_client(socks5(HOST, 443)).send_server(socks5_reply()).send_client(client_hello(HOST)).close().frames
    url = f"http://{BOTH}@wpad.example/wpad.dat?key={PASSWORD}".encode()
    answer = DHCP_FIXED + b"\x35\1\5\xfc" + bytes((len(url),)) + url + b"\xff"
    yield (
        opened(300, ("10.0.0.1", 67), handshake=False).now_ns,
        ethernet(ip("10.0.0.1", "10.0.0.9", 17, udp(("10.0.0.1", 67), ("10.0.0.9", 68), answer))),
    )


def opened(number: int, server: tuple[str, int], *, handshake: bool) -> Conversation:
    start = Conversation().now_ns + number * 100_000_000
    said = Conversation(client=("172.16.11.92", 50_000 + number), server=server, start_ns=start)
    return said.handshake() if handshake else said


def talk(number: int, server: tuple[str, int], asked: bytes, answered: bytes, *, handshake: bool) -> list[Frame]:
    """What was asked and answered, and a tunnel's handshake where one was opened."""
    said = opened(number, server, handshake=handshake)
    if asked:
        said.send_client(asked)
    if answered:
        said.send_server(answered)
    if answered == ESTABLISHED:
        said.send_client(client_hello(HOST)).send_server(server_hello()).send_client(b"\x17\3\3\0\x40" + bytes(64))
    return [*said.close().frames]
