"""The fields requested from Wireshark's dissectors, and the dissectors' preferences; no other field is printed or parsed."""

from __future__ import annotations

from typing import Final

FIELDS: Final = (
    "frame.number",
    "frame.time_epoch",
    "frame.protocols",
    # endpoints; of several headers in one frame the innermost counts
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "tcp.stream",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "udp.stream",
    "udp.srcport",
    "udp.dstport",
    # these distinguish a packet captured twice from one sent twice
    "ip.id",
    "ip.ttl",
    "ipv6.hlim",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.len",
    "tcp.window_size_value",
    "tcp.checksum",
    "udp.length",
    "udp.checksum",
    # names
    "http.request.method",
    "http.request.uri",
    "http.host",
    "http.user_agent",
    "http.response.code",
    "http.request_in",
    "socks.version",
    "socks.command",
    "socks.remote_name",
    "socks.v4a_dns_name",
    "socks.dst",
    "socks.dstV6",
    "socks.port",
    "socks.dstport",
    "socks.results",
    "tls.handshake.type",
    "tls.handshake.extensions_server_name",
    "tls.handshake.random",
    "tls.handshake.version",
    "tls.handshake.extensions.supported_version",
)

PREFERENCES: Final = {
    "ip.check_checksum": "FALSE",  # segmentation offload leaves wrong checksums in captures made on the sender
    "tcp.check_checksum": "FALSE",
    "udp.check_checksum": "FALSE",
    "ip.defragment": "TRUE",
    "ipv6.defragment": "TRUE",
    "tcp.desegment_tcp_streams": "TRUE",
    "http.desegment_headers": "TRUE",
    "tls.desegment_ssl_records": "TRUE",
    "tls.desegment_ssl_application_data": "TRUE",
}

# First segments that arrive late are reordered, and heads wait for their bodies; data before or behind bytes that were never
# captured isn't read then. The second look is the reverse.
FIRST_LOOK: Final = {"tcp.reassemble_out_of_order": "TRUE", "http.desegment_body": "TRUE"}
SECOND_LOOK: Final = {"tcp.reassemble_out_of_order": "FALSE", "http.desegment_body": "FALSE"}
