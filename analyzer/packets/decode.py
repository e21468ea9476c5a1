"""Decodes a block of frames into a block of packets: removes one header after the other, from the link to TCP or UDP.

The plain case (Ethernet, IPv4, TCP) takes a few comparisons; only frames with tags and tunnels pay for them.
"""

from __future__ import annotations

from typing import Final

from analyzer.compiled import kernel
from analyzer.compiled.memory import prefetch
from analyzer.packets.fields import u16, u32
from analyzer.packets.ip import PROTOCOL_ICMP, PROTOCOL_ICMPV6, READ, quoted_flow, read_ipv4, read_ipv6
from analyzer.packets.ip_tunnels import after_ip_tunnel
from analyzer.packets.layout import (
    CUT_SHORT,
    FRAGMENT,
    LABELLED,
    LINK_UNKNOWN,
    MALFORMED,
    MARK,
    MAX_LAYERS,
    NOT_IP,
    OK,
    OTHER_PROTOCOL,
    TCP,
    UDP,
    WHY_PROTOCOL,
    WHY_VERSION,
)
from analyzer.packets.link import (
    CUT,
    IPV4,
    IPV6,
    LAYER_AGGREGATED,
    LAYER_ETHERNET,
    LAYER_IP,
    LAYER_LINK,
    LAYER_LLC,
    LAYER_PPP,
    LAYER_RELAY,
    LAYER_TYPE,
    LAYER_WLAN,
    LAYER_WLAN_PADDED,
    LAYER_WLAN_SWAPPED,
    LINK_ETHERNET,
    NONE,
    UNKNOWN,
    after_ethernet,
    after_llc,
    after_ppp,
    after_relay,
    after_wlan,
)
from analyzer.packets.link_types import LINK_PFLOG, LINK_PKTAP, LINK_USER2, begin
from analyzer.packets.tags import after_tag, wrap
from analyzer.packets.tunnels import after_udp_tunnel

# How many frames ahead the bytes are prefetched: between reading and decoding they may have left the processor's nearest cache.
FRAMES_AHEAD: Final = 12
HEADERS: Final = 53


@kernel
def decode_frames(buf, frames, n_frames, packets):
    """The number of frames that their packet row doesn't describe completely: without a packet, fragments, and those with a note.

    packets[i].status is the status of frame i.

    buf      uint8[n]                the block's bytes
    frames   layout.FRAME[n_frames]
    packets  layout.PACKET[>= n_frames]
    """
    n_noted = 0
    for i in range(n_frames):
        if i + FRAMES_AHEAD < n_frames:
            prefetch(buf, (frames + i + FRAMES_AHEAD).start)
            prefetch(buf, (frames + i + FRAMES_AHEAD).start + HEADERS)
        frame = frames + i
        packet = packets + i
        packet.ts_ns = frame.ts_ns
        packet.frame = i
        packet.outer0 = 0
        packet.outer1 = 0
        packet.wrapped = 0
        packet.note = 0
        start = frame.start
        end, wire_end = start + frame.captured_bytes, start + frame.wire_bytes
        if frame.link_type == LINK_ETHERNET and is_plain(buf, start, end):
            _, p, _, declared = read_ipv4(buf, start + 14, end, wire_end, packet)
            status = read_tcp(buf, p, min(end, declared), declared, packet)
        else:
            status = decode_frame(buf, start, end, wire_end, frame.link_type, packet)
            if packet.note and status < NOT_IP:
                n_noted += 1
        if frame.note_bytes:
            packet.note = LABELLED
            n_noted += 1
        packet.status = status
        if status >= NOT_IP:
            n_noted += 1
    return n_noted


def is_plain(buf, start, end):
    """True when the frame is Ethernet, then unfragmented IPv4 without options, then the beginning of a TCP segment."""
    return (
        end - start >= 34
        and buf[start + 12] == 0x08
        and buf[start + 13] == 0x00
        and buf[start + 14] == 0x45
        and buf[start + 23] == TCP
        and u16(buf, start + 20) & 0x3FFF == 0
        and u16(buf, start + 16) >= 20
    )


def decode_frame(buf, start, end, wire_end, link_type, packet):
    """The status of one frame, buf[start:end], whose bytes on the wire end at wire_end; fills `packet`."""
    at, layer, ethertype = start, LAYER_LINK, link_type
    for _ in range(MAX_LAYERS):
        if at < 0:
            return unopened(at, ethertype, packet)
        if at > end:
            return CUT_SHORT
        if layer == LAYER_LINK:
            if ethertype in (LINK_PFLOG, LINK_PKTAP, LINK_USER2):
                packet.note = LABELLED
            at, layer, ethertype = begin(buf, at, end, ethertype)
            if layer != LAYER_ETHERNET or at > end:
                continue
        if layer == LAYER_ETHERNET:
            at, layer, ethertype = after_ethernet(buf, at, end)
            if at < 0:
                return unopened(at, ethertype, packet)
        if layer == LAYER_TYPE:
            if ethertype in (IPV4, IPV6):
                layer = LAYER_IP
            else:
                at, layer, ethertype = after_tag(buf, at, end, ethertype, packet)
                continue
        if layer == LAYER_IP:
            status, at, layer, ethertype, wire_end = after_ip(buf, at, end, wire_end, packet)
            if status != READ:
                return status
            end = min(end, wire_end)  # the packet in a tunnel ends with the tunnel's, whatever its own lengths are
        elif layer == LAYER_PPP:
            at, layer, ethertype = after_ppp(buf, at, end)
        elif layer == LAYER_LLC:
            at, layer, ethertype = after_llc(buf, at, end)
        elif layer == LAYER_RELAY:
            at, layer, ethertype = after_relay(buf, at, end)
        elif layer in (LAYER_WLAN, LAYER_WLAN_SWAPPED, LAYER_WLAN_PADDED):
            at, layer, ethertype = after_wlan(buf, at, end, layer == LAYER_WLAN_SWAPPED, layer == LAYER_WLAN_PADDED)
        elif layer == LAYER_AGGREGATED:
            packet.payload = at
            packet.captured_bytes = end - at
            packet.version = 0
            return FRAGMENT
    return MALFORMED


def unopened(at, why, packet):
    """The frame's status for a negative position of link.py; notes in the packet what isn't opened."""
    packet.note = why
    return why_not(at)


def why_not(at):
    """The frame's status for a negative position of link.py."""
    if at == NONE:
        return NOT_IP
    if at == CUT:
        return CUT_SHORT
    if at == UNKNOWN:
        return LINK_UNKNOWN
    return MALFORMED


def after_ip(buf, at, end, wire_end, packet):
    """(status, position, layer, ethertype, declared end): READ with the position of a tunnel's next header, else the frame's status."""
    if end - at < 1:
        return CUT_SHORT, 0, 0, 0, wire_end
    version = buf[at] >> 4
    if version == 4:
        status, p, protocol, declared = read_ipv4(buf, at, end, wire_end, packet)
    elif version == 6:
        status, p, protocol, declared = read_ipv6(buf, at, end, wire_end, packet)
    else:
        packet.note = WHY_VERSION | version
        return NOT_IP, 0, 0, 0, wire_end
    if status == FRAGMENT:
        packet.payload = p
        packet.captured_bytes = min(end, declared) - p
        packet.protocol = protocol
    if status != READ:
        return status, 0, 0, 0, wire_end
    held = min(end, declared)
    if protocol == TCP:
        return read_tcp(buf, p, held, declared, packet), 0, 0, 0, wire_end
    if protocol == UDP:
        return read_udp(buf, p, held, declared, packet)
    if protocol in (PROTOCOL_ICMP, PROTOCOL_ICMPV6) and quoted_flow(buf, p, held, protocol, packet):
        return MARK, 0, 0, 0, declared
    q, layer, ethertype, kind, identity = after_ip_tunnel(buf, p, held, version, protocol)
    if q >= 0:
        if kind:
            wrap(packet, kind, identity)
        return READ, q, layer, ethertype, declared
    if q != UNKNOWN:
        return unopened(q, ethertype, packet), 0, 0, 0, declared
    packet.note = WHY_PROTOCOL | protocol
    return OTHER_PROTOCOL, 0, 0, 0, declared


def read_tcp(buf, at, end, declared, packet):
    """The frame's status after its TCP header (RFC 9293 3.1), which fills the packet.

    A header cut before its flags gives no packet, because the flow's state would be unknown. Bytes cut behind the flags aren't needed.
    """
    if declared - at < 20:
        return MALFORMED
    if end - at < 14:
        return CUT_SHORT
    header = 4 * (buf[at + 12] >> 4)
    if header < 20 or header > declared - at:
        return MALFORMED
    packet.protocol = TCP
    packet.src_port = u16(buf, at)
    packet.dst_port = u16(buf, at + 2)
    packet.seq = u32(buf, at + 4)
    packet.ack = u32(buf, at + 8)
    packet.flags = buf[at + 13]
    packet.window = u16(buf, at + 14) if end - at >= 16 else 0
    packet.checksum = u16(buf, at + 16) if end - at >= 18 else 0
    packet.payload = at + header
    packet.payload_bytes = declared - at - header
    packet.captured_bytes = max(0, end - at - header)
    return OK


def read_udp(buf, at, end, declared, packet):
    """As after_ip: OK with the packet filled (RFC 768), or READ with the position of the header in a tunnel's datagram."""
    if declared - at < 8:
        return MALFORMED, 0, 0, 0, declared
    if end - at < 8:
        return CUT_SHORT, 0, 0, 0, declared
    src_port, dst_port = u16(buf, at), u16(buf, at + 2)
    length = u16(buf, at + 4)
    stop = declared if length < 8 else min(declared, at + length)
    held = min(end, stop)
    q, layer, ethertype, kind, identity = after_udp_tunnel(buf, at + 8, held, src_port, dst_port)
    if q >= 0:
        wrap(packet, kind, identity)
        return READ, q, layer, ethertype, stop
    if q != NONE:
        return why_not(q), 0, 0, 0, stop
    if ethertype and packet.note == 0:
        packet.note = ethertype
    packet.protocol = UDP
    packet.src_port = src_port
    packet.dst_port = dst_port
    packet.seq = 0
    packet.ack = 0
    packet.flags = 0
    packet.window = 0
    packet.checksum = u16(buf, at + 6)
    packet.payload = at + 8
    packet.payload_bytes = stop - at - 8
    packet.captured_bytes = held - at - 8
    return OK, 0, 0, 0, declared
