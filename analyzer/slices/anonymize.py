"""A slice that may be passed on: addresses, names and users are replaced, and everything that isn't understood is left out.

A connection's payload is rebuilt from its masked regions (`regions`; `masks`, `hellos` and others); bytes between regions are zeros,
bytes behind the last are cut off. One key gives the same replacements in every slice.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from analyzer.errors import Unusable, unreadable
from analyzer.packets.layout import UDP
from analyzer.routes.topology import Topology
from analyzer.services.catalogue import load_catalogue
from analyzer.slices.addresses import KEY_BYTES, Addresses
from analyzer.slices.cut import DHCP_PORTS, DNS_PORTS, QUIC_LONG, Frames
from analyzer.slices.dhcp_mask import masked_dhcp
from analyzer.slices.dns_mask import masked_dns
from analyzer.slices.frame import Frame
from analyzer.slices.hellos import mask_messages, masked_records
from analyzer.slices.masks import Masks
from analyzer.slices.names import Names
from analyzer.slices.pac_mask import masked_pac
from analyzer.slices.quic_mask import masked_datagrams
from analyzer.slices.regions import (
    ANSWER_HEAD,
    CHUNK_LINE,
    DNS_MESSAGE,
    HANDSHAKE,
    PAC_ANSWER,
    PROXY_HEADER,
    REQUEST_HEAD,
    SOCKS_MESSAGE,
    Region,
    Side,
    Sides,
    head_size,
)
from analyzer.slices.rewrite import Rewriter
from analyzer.slices.topology_names import anonymous_topology

LEAST_KEY: Final = 16
MAX_DATAGRAMS: Final = 16  # of a flow that are searched for its hello, the same limit as the kernel's


def read_key(path: str | Path) -> bytes:
    """The key in a file. Errors: Unusable, it can't be read or is short enough to guess."""
    try:
        key = Path(path).read_bytes()
    except OSError as error:
        raise unreadable(error, f"can't be read: {error.strerror or error}", str(path), "make one: openssl rand -out FILE 32") from error
    if len(key) < LEAST_KEY:
        raise Unusable(f"a key of {len(key)} bytes can be guessed", str(path), "make one: openssl rand -out FILE 32")
    return key


@dataclass
class Anonymous:
    """Anonymizes frames; left_out counts the packets that couldn't be rewritten."""

    key: bytes
    left_out: int = 0

    def __post_init__(self) -> None:
        self.addresses = Addresses(self._secret("addresses")[:KEY_BYTES], self._secret("hardware"))
        catalogue = load_catalogue()  # without the user's own catalogue, which may name the user's hosts
        self.names = Names(self._secret("names"), catalogue)
        self._masks = Masks(self.names, self.addresses, catalogue)
        self._rewriter = Rewriter(self.addresses)

    def _secret(self, purpose: str) -> bytes:
        return hmac.new(self.key, f"whichproxy {purpose}".encode(), hashlib.sha256).digest()

    def topology(self, topology: Topology) -> str:
        """The topology file for the anonymized frames."""
        return anonymous_topology(topology, self.addresses, self.names)

    def frames(self, frames: Frames, sides: Sides, flows: pa.Table) -> Iterator[Frame]:
        """Every frame that can be rewritten, anonymized. Of its interface only the link type stays."""
        masked = {which: [region._replace(data=self._masked(region)) for region in side.regions] for which, side in sides.items()}
        ports = flows.column("server_port").to_pylist()
        clients, servers = flows.column("client_ip").to_pylist(), flows.column("server_ip").to_pylist()
        hellos = self._masked_datagrams(frames())
        for frame in frames():
            ends = (clients[frame.row], servers[frame.row]) if frame.from_client else (servers[frame.row], clients[frame.row])
            if frame.payload < 0:
                made = self._rewriter.error(frame)
            elif frame.protocol == UDP:
                made = self._rewriter.frame(frame, self._datagram(frame, ports[frame.row], hellos), ends)
            else:
                which = frame.row, frame.from_client
                made = self._rewriter.frame(frame, _payload(frame, sides[which], masked[which]), ends)
            if made is None:
                self.left_out += 1
            else:
                yield made

    def _masked(self, region: Region) -> bytes:
        """A region's bytes, masked; kinds without names stay as they are."""
        mask: dict[str, Callable[[bytes], bytes]] = {
            REQUEST_HEAD: self._masks.request,
            ANSWER_HEAD: self._masks.answer,
            PAC_ANSWER: self._masked_pac,
            CHUNK_LINE: self._masks.chunk,
            SOCKS_MESSAGE: self._masks.socks,
            PROXY_HEADER: self._masks.proxy_header,
            HANDSHAKE: lambda records: masked_records(records, self.names),
            DNS_MESSAGE: self._masked_dns,
        }
        return mask[region.kind](region.data) if region.kind in mask else region.data

    def _masked_pac(self, answer: bytes) -> bytes:
        end = head_size(answer)
        return self._masks.answer(answer[:end]) + masked_pac(answer[end:], self.names)

    def _masked_dns(self, message: bytes) -> bytes:
        """A message over TCP, masked behind its two length bytes."""
        return message[:2] + masked_dns(message[2:], self.names, self.addresses).ljust(len(message) - 2, b"\0")

    def _masked_datagrams(self, frames: Iterable[Frame]) -> dict[int, dict[bytes, bytes]]:
        """Row → the QUIC datagrams of its client, each with its masked form."""
        sent: dict[int, dict[bytes, None]] = {}
        for frame in frames:
            if frame.protocol == UDP and frame.from_client and frame.payload >= 0:
                payload = _payload_of(frame)
                first = sent.get(frame.row, {})
                if payload and payload[0] & QUIC_LONG and len(first) < MAX_DATAGRAMS:
                    sent.setdefault(frame.row, first)[payload] = None
        return {
            row: masked_datagrams(list(datagrams), lambda body: mask_messages(body, self.names), self.names.blur)
            for row, datagrams in sent.items()
        }

    def _datagram(self, frame: Frame, port: int, hellos: dict[int, dict[bytes, bytes]]) -> bytes:
        """The masked payload of DNS, DHCP and QUIC hellos; b"" for all other datagrams."""
        payload = _payload_of(frame)
        if port in DNS_PORTS:
            return masked_dns(payload, self.names, self.addresses)
        if port in DHCP_PORTS:
            return masked_dhcp(payload, self.addresses, self._masks)
        return hellos.get(frame.row, {}).get(payload, b"") if frame.from_client else b""


def _payload_of(frame: Frame) -> bytes:
    return frame.data[frame.payload : frame.payload + frame.payload_bytes]


def _payload(frame: Frame, side: Side, regions: list[Region]) -> bytes:
    """A segment's payload from masked regions: zeros between them, cut behind the last."""
    start = side.place(frame.seq)
    made = bytearray(max(0, min(len(_payload_of(frame)), side.named - start)))
    for region in regions:
        low, high = max(region.start, start), min(region.end, start + len(made))
        if low < high:
            made[low - start : high - start] = region.data[low - region.start : high - region.start]
    return bytes(made)
