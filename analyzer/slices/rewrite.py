"""One packet's headers rewritten by scapy: addresses replaced, correct checksums, every length as before.

scapy rewrites only the headers; the payload is masked before. A frame with a header that scapy doesn't know, or whose headers change
their length, can't be rewritten: it may hold something that must not be passed on.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from analyzer.packets.outer import WRAPPINGS
from analyzer.slices.frame import Frame

if TYPE_CHECKING:
    from analyzer.slices.addresses import Addresses

# Link types with an address family before the IP header, and with nothing before it.
FAMILY_FIRST: Final = (0, 108)
RAW: Final = (12, 14, 101)

TCP_BYTES: Final = 20
# TCP options that identify a stack and no person: no-op, MSS, window scale, SACK, timestamps.
TCP_OPTIONS: Final = ("NOP", "MSS", "WScale", "SAckOK", "SAck", "Timestamp")


class Rewriter:
    """Rewrites the headers of frames."""

    def __init__(self, addresses: Addresses) -> None:
        from scapy.config import conf
        from scapy.contrib import geneve  # noqa: F401  # noqa: F401  # importing registers these layers with scapy
        from scapy.layers import dot11, inet, inet6, l2, ppp  # noqa: F401

        for layer in WRAPPED:
            import_module(layer.rpartition(".")[0])
        self._addresses = addresses
        self._classes = conf.l2types.num2layer
        self._inet, self._inet6 = inet, inet6
        self._changes = self._changes_by_layer()

    def frame(self, frame: Frame, payload: bytes, ends: tuple[str, str]) -> Frame | None:
        """The frame with this payload instead of its own, cut at the payload's end where it is shorter. None: it can't be rewritten.

        ends   the IP addresses from and to

        In the checksum a cut payload's missing bytes are zeros. Encapsulation that scapy can't dissect is removed: the innermost packet is
        returned, with link type 101.
        """
        if frame.payload < 0 or frame.payload > len(frame.data):
            return None
        data = self._rewritten(frame, payload)
        if data is not None:
            return frame._replace(data=data)
        at = _innermost(frame.data[: frame.payload], ends)
        if at < 0 or (at == 0 and frame.interface[2] in RAW):
            return None
        peeled = frame._replace(data=frame.data[at:], payload=frame.payload - at, wire_bytes=frame.wire_bytes - at)
        peeled = peeled._replace(interface=(*frame.interface[:2], RAW[-1]))
        data = self._rewritten(peeled, payload)
        return None if data is None else peeled._replace(data=data)

    def _rewritten(self, frame: Frame, payload: bytes) -> bytes | None:
        try:
            return self._put_together(frame, payload)
        except Exception:  # noqa: BLE001 - scapy raises whatever its fields raise; such a frame is left out and counted
            return None

    def _put_together(self, frame: Frame, payload: bytes) -> bytes | None:
        link, head = self._parted(frame.data[: frame.payload], frame.interface[2])
        packet = self._dissected(head, frame.interface[2])
        if packet is None or not isinstance(packet.lastlayer(), self._inet.TCP | self._inet.UDP):
            return None
        if not self._change(packet):
            return None
        whole = payload + bytes(max(0, frame.payload_bytes - len(payload)))
        last = packet.lastlayer()
        is_tcp = isinstance(last, self._inet.TCP)
        size = 4 * last.dataofs if is_tcp else 8
        if whole:
            last.add_payload(self._raw(whole))
        made: bytes = bytes(packet)
        if len(made) != len(head) + len(whole):
            return None
        made = made[: len(head) + len(payload)]
        return link + (self._with_digest_as_checksum(made, head, size, is_tcp=is_tcp) if len(payload) < frame.payload_bytes else made)

    def _with_digest_as_checksum(self, made: bytes, head: bytes, size: int, *, is_tcp: bool) -> bytes:
        """A cut packet whose checksum is a keyed digest of the original one; its TCP or UDP header has `size` bytes.

        The checksum of a cut packet can't be verified anyway. This way copies of one packet stay equal, and packets that differ in the
        bytes cut off stay different.
        """
        at = len(head) - size + (16 if is_tcp else 6)
        was = head[at : at + 2]
        return made if was == bytes(2) else made[:at] + self._addresses.digest(was)[:2] + made[at + 2 :]

    def error(self, frame: Frame) -> Frame | None:
        """An ICMP error with its addresses and those of the quoted headers replaced, without the quoted payload."""
        try:
            data = self._error_put_together(frame)
        except Exception:  # noqa: BLE001 - as above
            return None
        return None if data is None else frame._replace(data=data)

    def _error_put_together(self, frame: Frame) -> bytes | None:
        link, data = self._parted(frame.data, frame.interface[2])
        packet = self._dissected(data, frame.interface[2])
        if packet is None:
            return None
        quoted = packet.getlayer(self._inet.IPerror) or packet.getlayer(self._inet6.IPerror6)
        if quoted is None or not self._change(packet, quoting=True):
            return None
        made: bytes = bytes(packet)
        return link + made if len(made) == len(data) else None

    def _parted(self, data: bytes, link_type: int) -> tuple[bytes, bytes]:
        """(a link header that holds no address and that scapy reads in one byte order only, the rest)."""
        return (data[:4], data[4:]) if link_type in FAMILY_FIRST else (b"", data)

    def _raw(self, data: bytes) -> Any:
        from scapy.packet import Raw

        raw = Raw(data)
        raw.explicit = 1
        return raw

    def _dissected(self, data: bytes, link_type: int) -> Any:
        """scapy's packet, or None where scapy has no such link type. Errors: any exception of scapy's fields."""
        cls = self._inet6.IPv46 if link_type in (*FAMILY_FIRST, *RAW) else self._classes.get(link_type)
        if cls is None:
            return None
        return cls(data)

    def _change(self, packet: Any, *, quoting: bool = False) -> bool:
        """Replace the addresses in every header, in place; False where a header can't be changed."""
        layer = packet
        while layer is not None and type(layer).__name__ != "NoPayload":
            change = self._changes.get(type(layer).__name__)
            if change is None:
                return False
            if not change(layer, quoting):
                return False
            layer.explicit = 1  # fields of one packet only: otherwise scapy copies each layer before it writes it
            layer = layer.payload
        return True

    def _changes_by_layer(self) -> dict[str, Callable[[Any, bool], bool]]:
        """Name of scapy's layer → the function that changes it. A layer that isn't here may hold anything."""
        plain = dict.fromkeys((*PLAIN, *(layer.rpartition(".")[2] for layer in WRAPPED)), lambda layer, quoting: True)
        return {
            **plain,
            **dict.fromkeys(("Ether", "Dot3"), self._ethernet),
            **dict.fromkeys(("CookedLinux", "CookedLinuxV2"), self._cooked),
            "Dot11": self._wlan,
            **dict.fromkeys(("IP", "IPerror"), self._ipv4),
            **dict.fromkeys(("IPv6", "IPerror6"), self._ipv6),
            **dict.fromkeys(("TCP", "TCPerror"), self._tcp),
            **dict.fromkeys(("UDP", "UDPerror"), self._udp),
            "GRE": self._gre,
            "GENEVE": self._geneve,
            **dict.fromkeys(("IPv6ExtHdrHopByHop", "IPv6ExtHdrDestOpt"), self._options6),
            "ICMP": self._icmp,
            **dict.fromkeys(("ICMPv6DestUnreach", "ICMPv6PacketTooBig", "ICMPv6TimeExceeded", "ICMPv6ParamProblem"), self._icmpv6),
            **dict.fromkeys(("Raw", "Padding"), self._bytes),
        }

    def _ethernet(self, layer: Any, quoting: bool) -> bool:
        layer.src, layer.dst = self._mac(layer.src), self._mac(layer.dst)
        return True

    def _cooked(self, layer: Any, quoting: bool) -> bool:
        src = bytes(layer.src)
        layer.src = self._addresses.mac(src[:6]) + src[6:]
        return True

    def _wlan(self, layer: Any, quoting: bool) -> bool:
        for name in ("addr1", "addr2", "addr3", "addr4"):
            if getattr(layer, name, None):
                setattr(layer, name, self._mac(getattr(layer, name)))
        return True

    def _mac(self, text: str) -> str:
        return self._addresses.mac(bytes.fromhex(text.replace(":", ""))).hex(":")

    def _ipv4(self, layer: Any, quoting: bool) -> bool:
        if layer.options:  # routes and timestamps hold addresses
            layer.options = [self._inet.IPOption_NOP()] * (4 * layer.ihl - 20)
        layer.src, layer.dst = self._addresses.text(layer.src), self._addresses.text(layer.dst)
        del layer.chksum
        return True

    def _ipv6(self, layer: Any, quoting: bool) -> bool:
        layer.src, layer.dst = self._addresses.text(layer.src), self._addresses.text(layer.dst)
        return True

    def _tcp(self, layer: Any, quoting: bool) -> bool:
        if quoting:
            if "chksum" in layer.fields:
                layer.chksum = 0  # it covers missing bytes and the original addresses
            return True
        kept = [(name, value if name in TCP_OPTIONS else bytes(len(value or b""))) for name, value in layer.options if name != "EOL"]
        if len(kept) < len(layer.options):  # behind the end-of-list option there may be anything
            used = len(bytes(self._inet.TCP(options=kept))) - TCP_BYTES
            kept += [("NOP", None)] * (4 * layer.dataofs - TCP_BYTES - used)
        layer.options = kept
        del layer.chksum
        return True

    def _udp(self, layer: Any, quoting: bool) -> bool:
        if quoting:
            layer.chksum = 0
        elif layer.chksum:
            del layer.chksum
        return True

    def _gre(self, layer: Any, quoting: bool) -> bool:
        if layer.routing_present:
            return False
        if layer.chksum_present:
            del layer.chksum
        return True

    def _geneve(self, layer: Any, quoting: bool) -> bool:
        for option in layer.options:
            option.data = bytes(len(option.data))
        return True

    def _options6(self, layer: Any, quoting: bool) -> bool:
        return all(type(option).__name__ in ("Pad1", "PadN", "RouterAlert", "Jumbo") for option in layer.options)

    def _icmp(self, layer: Any, quoting: bool) -> bool:
        del layer.chksum
        return True

    def _icmpv6(self, layer: Any, quoting: bool) -> bool:
        del layer.cksum
        return True

    def _bytes(self, layer: Any, quoting: bool) -> bool:
        layer.load = bytes(len(layer.load))
        return quoting


def _innermost(head: bytes, ends: tuple[str, str]) -> int:
    """Offset of the last IP header with these addresses; -1 where there is none."""
    pair = b"".join(ipaddress.ip_address(end).packed for end in ends)
    before, version = (12, 4) if len(pair) == 8 else (8, 6)
    at = head.rfind(pair) - before
    return at if at >= 0 and head[at] >> 4 == version else -1


PLAIN: Final = ("LLC", "SNAP", "Loopback", "LoopbackOpenBSD", "RadioTap", "Dot11QoS", "PPP", "HDLC", "IPv6ExtHdrFragment")
"""scapy's layers without addresses, besides those of encapsulations."""
WRAPPED: Final = tuple(layer for wrapping in WRAPPINGS for layer in wrapping.scapy)
