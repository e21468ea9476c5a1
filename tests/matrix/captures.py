"""The captures of the matrix: what is committed, what lies beside the repository, and what neither has."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import tests.build as build
from tests.build import Conversation, dns_answer, dns_query
from tests.build.conversation import START_NS
from tests.conftest import ORACLES, ROOT

NOT_CAPTURES = (".json", ".jsonl", ".toml", ".md", ".py", ".txt", ".csv")
SHARED = ORACLES.parent

CLIENT, RESOLVER, SERVER, PROXY = "172.16.11.92", "172.16.11.1", "172.16.12.20", ("172.16.12.10", 3128)
PAC = b'function FindProxyForURL(url, host) { return "PROXY 172.16.12.10:3128; DIRECT"; }'


def all_captures(folder: Path) -> list[Path]:
    """Every capture, in one order; those that are built are written to the folder."""
    places = [ROOT / "captures", ROOT / "tests" / "fuzz" / "found", *([SHARED] if SHARED.is_dir() else [])]
    found = [path for place in places for path in sorted(place.rglob("*")) if path.is_file() and path.suffix not in NOT_CAPTURES]
    for name, frames in BUILT.items():
        path = folder / f"{name}.pcap"
        path.write_bytes(build.pcap(sorted(frames(), key=lambda frame: frame[0]), nanosecond=True))
        found.append(path)
    return found


def datagram(client: tuple[str, int], server: tuple[str, int], data: bytes, ts_ns: int) -> tuple[int, bytes]:
    return ts_ns, build.ethernet(build.ip(client[0], server[0], 17, build.udp(client, server, data), id=ts_ns % 60_000 + 1))


def tunnel() -> list[tuple[int, bytes]]:
    """A tunnel of the sensor, three nanoseconds after a microsecond."""
    talk = Conversation((CLIENT, 50_010), PROXY, start_ns=START_NS + 5_000_000_003, step_ns=1_000_001).handshake()
    host = "edr-weu3.eu.endpoint.security.microsoft.com"
    talk.send_client(build.connect(f"{host}:443")).send_server(build.ESTABLISHED)
    talk.send_client(build.client_hello(host)).send_server(build.server_hello()).close()
    return talk.frames


def pac_file() -> list[tuple[int, bytes]]:
    """A PAC file fetched from the machine with the name wpad."""
    talk = Conversation((CLIENT, 50_001), (SERVER, 80), start_ns=START_NS + 1_000_000_007, step_ns=999_999).handshake()
    talk.send_client(build.get("/wpad.dat", "Host: wpad.corp.example"))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ns-proxy-autoconfig\r\n"
    return talk.send_server(head + b"Content-Length: %d\r\n\r\n" % len(PAC) + PAC).close().frames


def by_dns() -> list[tuple[int, bytes]]:
    """WPAD by DNS, found and not found, and the file."""
    ends = (CLIENT, 50_053), (RESOLVER, 53)
    return [
        datagram(*ends, dns_query("wpad.corp.example"), START_NS + 1),
        datagram(*ends[::-1], dns_answer("wpad.corp.example", SERVER), START_NS + 1_003),
        datagram((CLIENT, 50_054), (RESOLVER, 53), dns_query("wpad"), START_NS + 2_001),
        *pac_file(),
    ]


def by_neighbours() -> list[tuple[int, bytes]]:
    """WPAD asked of the neighbours, as Windows does where DNS knows no such name: LLMNR and multicast DNS."""
    return [
        datagram((CLIENT, 50_055), ("224.0.0.252", 5355), dns_query("wpad"), START_NS + 11),
        datagram((CLIENT, 5353), ("224.0.0.251", 5353), dns_query("wpad.local"), START_NS + 13),
    ]


def by_netbios() -> list[tuple[int, bytes]]:
    """WPAD asked of the segment by NetBIOS (RFC 1002 4.2.12): a name of 16 bytes, each as two letters, and its answer."""
    name = b"".join(bytes((ord("A") + (byte >> 4), ord("A") + (byte & 15))) for byte in b"WPAD".ljust(15) + b"\0")
    question = b"\x20" + name + b"\0" + struct.pack(">2H", 0x20, 1)
    asked = struct.pack(">6H", 0x1234, 0x0110, 1, 0, 0, 0) + question
    record = b"\x20" + name + b"\0" + struct.pack(">2HIHH4B", 0x20, 1, 300, 6, 0, *map(int, SERVER.split(".")))
    return [
        datagram((CLIENT, 137), ("172.16.11.255", 137), asked, START_NS + 17),
        datagram((SERVER, 137), (CLIENT, 137), struct.pack(">6H", 0x1234, 0x8500, 0, 1, 0, 0) + record, START_NS + 1_999),
        *pac_file(),
    ]


def by_dhcp() -> list[tuple[int, bytes]]:
    """WPAD by DHCP (option 252): asked for, and answered."""

    def message(op: int, kind: int, *options: bytes) -> bytes:
        address = bytes(map(int, CLIENT.split(".")))
        fixed = struct.pack(">4BI2H", op, 1, 6, 0, 7, 0, 0) + (address if op == 1 else bytes(4)) + (bytes(4) if op == 1 else address)
        return fixed.ljust(236, b"\0") + b"\x63\x82\x53\x63" + bytes((53, 1, kind)) + b"".join(options) + b"\xff"

    url = b"http://wpad.corp.example/wpad.dat"
    return [
        datagram((CLIENT, 68), ("255.255.255.255", 67), message(1, 8, bytes((55, 3, 1, 252, 3))), START_NS + 19),
        datagram((RESOLVER, 67), ("255.255.255.255", 68), message(2, 5, bytes((252, len(url))) + url), START_NS + 2_021),
        *pac_file(),
    ]


BUILT: dict[str, Callable[[], Iterable[tuple[int, bytes]]]] = {
    "no-packet": lambda: (),
    "ns-tunnel": tunnel,
    "ns-wpad-dns": lambda: [*by_dns(), *tunnel()],
    "ns-wpad-neighbours": lambda: [*by_neighbours(), *tunnel()],
    "ns-wpad-netbios": lambda: [*by_netbios(), *tunnel()],
    "ns-wpad-dhcp": lambda: [*by_dhcp(), *tunnel()],
    "ns-wpad-everything": lambda: [*by_dns(), *by_neighbours(), *by_netbios(), *by_dhcp(), *tunnel()],
}
"""Times that aren't whole microseconds, and every way in which a client looks for a proxy by itself."""
