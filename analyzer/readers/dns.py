"""DNS messages: the requested name, and the addresses in the answer.

Source: RFC 1035 4 (messages, over UDP and TCP), RFC 3596 (AAAA). LLMNR (RFC 4795) and multicast DNS (RFC 6762) have the same format; the
latter's answers repeat no question, and without it the requested name isn't known.
"""

from __future__ import annotations

from typing import Final

from analyzer.flows.layout import DNS_ADDRESS, DNS_ANSWER, DNS_QUESTION, POOL_USED
from analyzer.flows.messages import as_dns
from analyzer.packets.fields import u16, u32
from analyzer.readers.states import FOUND_DNS_MESSAGE, MORE, NOT
from analyzer.readers.texts import new_message

PORT_DNS: Final = 53
PORT_MDNS: Final = 5353
PORT_LLMNR: Final = 5355

HEADER: Final = 12
MAX_NAME: Final = 255  # RFC 1035 2.3.4
MAX_ADDRESSES: Final = 64  # kept of one answer; a full datagram of IPv4 addresses has 28
MAX_ANSWERS: Final = 512  # records read

TYPE_A: Final = 1
TYPE_CNAME: Final = 5
TYPE_AAAA: Final = 28
CLASS_IN: Final = 1
TRUNCATED: Final = 2  # the TC bit: the resolver left out records that didn't fit; the client is to ask over TCP

FOREVER: Final = 0xFFFFFFFF  # seconds: no record has a smaller TTL


def is_dns_port(port):
    """True for the ports of DNS, and of LLMNR and multicast DNS."""
    return port in (PORT_DNS, PORT_LLMNR, PORT_MDNS)


def is_resolvers(record):
    """True for a conversation with a resolver."""
    return PORT_DNS in (record.a_port, record.b_port)


def read_name(buf, start, end, at, pool, out):
    """(size of the name at `at`, position behind it), size -1 where it is malformed; writes it to pool[out:], labels joined by dots.

    start   the message's first byte, the origin of compression pointers (RFC 1035 4.1.4); pointers go back only
    """
    size, labels, behind = 0, 0, -1
    limit = at
    while at < end:
        length = buf[at]
        if length == 0:
            return size, (behind if behind >= 0 else at + 1)
        if length >= 0xC0:
            if end - at < 2:
                return -1, at
            if behind < 0:
                behind = at + 2
            at = start + (u16(buf, at) & 0x3FFF)
            if at >= limit:
                return -1, at
            limit = at
            continue
        if length > 63 or end - at - 1 < length:
            return -1, at
        dots = 1 if labels else 0
        if size + dots + length + 1 > MAX_NAME:
            return -1, at
        if dots:
            pool[out + size] = 46
            size += 1
        for k in range(length):
            pool[out + size + k] = buf[at + 1 + k]
        size += length
        labels += 1
        at += 1 + length
    return -1, at


def is_dns(buf, at, end):
    """True when the bytes begin like a DNS message with one question, or its answer."""
    return end - at >= HEADER and (buf[at + 2] >> 3) & 15 == 0 and u16(buf, at + 4) == 1


def keep_dns(tables, buf, at, end, cursor, size_in_stream):
    """True when buf[at:end] is a DNS message with one question; keeps the question or the answer as a message.

    Of a truncated answer the records there count. All addresses count for the requested name, whichever alias they belong to; their
    TTL is the lowest of the records on the way.
    """
    if not is_dns(buf, at, end):
        return False
    pool, used = tables.pool, tables.counts[POOL_USED]
    size, p = read_name(buf, at, end, at + HEADER, pool, used)
    if size < 0 or end - p < 4:
        return False
    answered = buf[at + 2] & 0x80 != 0
    message = as_dns(new_message(tables, cursor, DNS_ANSWER if answered else DNS_QUESTION, size_in_stream))
    message.ttl_s = 0
    message.name_at = used
    message.name_size = size
    message.message_id = u16(buf, at)
    message.query_type = u16(buf, p)
    used += size
    if answered:
        message.code = buf[at + 3] & 15
        message.addresses_at = used
        message.addresses_size, ttl = read_answers(buf, at, end, p + 4, u16(buf, at + 6), pool, used)
        message.ttl_s = ttl
        if message.addresses_size > 0:
            used += message.addresses_size
        elif buf[at + 2] & TRUNCATED:
            message.addresses_size = -1
    tables.counts[POOL_USED] = used
    return True


def read_answers(buf, start, end, at, n, pool, out):
    """(bytes written to pool[out:], the lowest TTL of the records that lead to them, in seconds); addresses, DNS_ADDRESS each.

    -1 bytes where no address was captured and records are missing.
    """
    size, ttl = 0, FOREVER
    for _ in range(min(n, MAX_ANSWERS)):
        skipped, p = read_name(buf, start, end, at, pool, out + size)
        if skipped < 0 or end - p < 10:
            size = size or -1
            break
        kind, length = u16(buf, p), u16(buf, p + 8)
        at = p + 10 + length
        if at > end:
            size = size or -1
            break
        if u16(buf, p + 2) != CLASS_IN or kind not in (TYPE_A, TYPE_AAAA, TYPE_CNAME):
            continue
        ttl = min(ttl, u32(buf, p + 4))
        wanted = 4 if kind == TYPE_A else 16
        if kind == TYPE_CNAME or length != wanted or size >= MAX_ADDRESSES * DNS_ADDRESS:
            continue
        pool[out + size] = 4 if kind == TYPE_A else 6
        for k in range(16 - wanted):
            pool[out + size + 1 + k] = 0
        for k in range(wanted):
            pool[out + size + 17 - wanted + k] = buf[p + 10 + k]
        size += DNS_ADDRESS
    return size, (ttl if ttl != FOREVER else 0)


def read_dns(tables, buf, cursor):
    """The position behind the DNS message of a stream, which follows two bytes of length, MORE, or NOT (RFC 1035 4.2.2)."""
    at, end = cursor.at, cursor.end
    if end - at < 2 + HEADER:
        return NOT if cursor.final else MORE
    size = u16(buf, at)
    if size < HEADER or not is_dns(buf, at + 2, end):
        return NOT
    if end - at - 2 < size:
        cursor.wanted = 2 + size
        return NOT if cursor.final else MORE
    stop = at + 2 + size
    if not keep_dns(tables, buf, at + 2, stop, cursor, stop - at):
        return NOT
    cursor.found = FOUND_DNS_MESSAGE
    return stop
