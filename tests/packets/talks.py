"""One conversation in every wrapping and of every link type: a tunnel through a proxy, from the handshake on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import tests.build as build
from tests.build.files import Frame
from tests.packets.shapes import GUESSED, LINKS, ONLY_IPV4, ONLY_IPV6, OTHER_LINKS, TUNNELS, Around

WRAPPED: Final[dict[str, tuple[int, Around]]] = {
    **{f"link {link}": (link, wrap) for link, wrap in LINKS.items()},
    **{f"link {link}, {i}": (link, wrap) for i, (link, wrap) in enumerate(OTHER_LINKS)},
    **{name: (1, wrap) for name, wrap in (TUNNELS | GUESSED).items()},
}
"""The link type, and what is around the IP packet."""

FIRST_PORT: Final = 20_000
PROXY_PORT: Final = (3128).to_bytes(2, "big")


def conversation(six: bool, port: int = 50_000) -> list[Frame]:
    """Its frames, in Ethernet."""
    ends = (("2001:db8::1", port), ("2001:db8::2", 3128)) if six else (("10.0.0.1", port), ("10.0.0.2", 3128))
    talk = build.Conversation(client=ends[0], server=ends[1])
    talk.handshake().send_client(build.connect("a.example:443")).send_server(build.ESTABLISHED).send_client(build.client_hello("a.example"))
    return talk.send_server(build.server_hello()).close().frames


def packet_of(frame: bytes) -> bytes:
    """The IP packet of an Ethernet frame, without padding."""
    size = 40 + int.from_bytes(frame[18:20], "big") if frame[14] >> 4 == 6 else int.from_bytes(frame[16:18], "big")
    return frame[14 : 14 + size]


def fits(name: str, other: str) -> bool:
    """Whether a conversation of one IP version can be in both."""
    return not ((name in ONLY_IPV4 and other in ONLY_IPV6) or (name in ONLY_IPV6 and other in ONLY_IPV4))


def in_wrappings(six: bool, client: str, server: str, port: int = 50_000, start_ns: int = 0) -> bytes:
    """A pcapng section of the conversation, the client's packets in one wrapping and the server's in another."""
    kinds = [WRAPPED[client], WRAPPED[server]]
    data = build.section_header() + b"".join(build.interface(link, resolution=9) for link, _ in kinds)
    for ts_ns, frame, *_ in conversation(six, port):
        packet = packet_of(frame)
        is_server = int(packet[(40 if six else 20) : (42 if six else 22)] == PROXY_PORT)
        data += build.enhanced(start_ns + ts_ns, kinds[is_server][1](packet), number=is_server)
    return data


def pairs_of_wrappings(six: bool) -> list[tuple[str, str]]:
    """What the client's packets can be in, and what the server's; six: the pairs that only IPv6 can be in, and some more."""
    names = [name for name in WRAPPED if name not in (ONLY_IPV4 if six else ONLY_IPV6)]
    some = {*ONLY_IPV6, "link 1", "vxlan 5", "gre"}
    return [(client, server) for client in names for server in names if not six or client in some or server in some]


def paired(six: bool, pairs: Sequence[tuple[str, str]]) -> bytes:
    """A capture with a conversation in each pair of wrappings, from FIRST_PORT on."""
    packets = [(ts_ns, packet_of(frame)) for ts_ns, frame, *_ in conversation(six, FIRST_PORT)]
    at = 40 if six else 20
    data = []
    for i, pair in enumerate(pairs):
        port = (FIRST_PORT + i).to_bytes(2, "big")
        kinds = [WRAPPED[name] for name in pair]
        data += [build.section_header(), *(build.interface(link, resolution=9) for link, _ in kinds)]
        for ts_ns, packet in packets:
            side = int(packet[at : at + 2] == PROXY_PORT)
            ends = port + PROXY_PORT if side == 0 else PROXY_PORT + port
            data.append(build.enhanced(ts_ns + i * 10**9, kinds[side][1](packet[:at] + ends + packet[at + 4 :]), number=side))
    return b"".join(data)


def one_of_each() -> tuple[dict[int, str], bytes]:
    """(the wrapping by the client's port, a capture with a conversation in each)."""
    ports = {FIRST_PORT + i: name for i, name in enumerate(WRAPPED)}
    return ports, b"".join(in_wrappings(name in ONLY_IPV6, name, name, port, port * 10**9) for port, name in ports.items())
