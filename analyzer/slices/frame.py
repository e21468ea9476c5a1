"""One packet of a slice."""

from __future__ import annotations

from typing import NamedTuple


class Frame(NamedTuple):
    """One packet of a chosen flow, as it lay in its capture.

    ts_ns       None where the capture has no times
    wire_bytes  its length on the wire, at least len(data)
    interface   (number of the input, of its interface, link type)
    row         of the flow table
    payload     where the TCP or UDP payload begins in data; -1 for an ICMP error or a later fragment
    seq         TCP: the sequence number of the payload's first byte
    from_client, protocol   of the flow's packet
    payload_bytes  by the IP length
    """

    ts_ns: int | None
    data: bytes
    wire_bytes: int
    interface: tuple[int, int, int]
    row: int
    payload: int
    payload_bytes: int
    seq: int
    from_client: bool
    protocol: int
