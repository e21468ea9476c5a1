"""One conversation in every wrapping and of every link type: a tunnel through a proxy, from the handshake on."""

from __future__ import annotations

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
        is_server = int(packet[(40 if six else 20) : (42 if six else 22)] == (3128).to_bytes(2, "big"))
        data += build.enhanced(start_ns + ts_ns, kinds[is_server][1](packet), number=is_server)
    return data


def one_of_each() -> tuple[dict[int, str], bytes]:
    """(the wrapping by the client's port, a capture with a conversation in each)."""
    ports = {FIRST_PORT + i: name for i, name in enumerate(WRAPPED)}
    return ports, b"".join(in_wrappings(name in ONLY_IPV6, name, name, port, port * 10**9) for port, name in ports.items())
