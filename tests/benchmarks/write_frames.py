"""Writes flows as a pcap file: the packets of all flows in order of time, each copied from its shape and given its flow's numbers."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np

from tests.benchmarks.conversations import Shape

FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
ETHERNET, IPV4, TCP = 14, 20, 20
SYN_OPTIONS = np.frombuffer(bytes.fromhex("020405b40103030801010402"), np.uint8)  # MSS 1460, window scale 8, SACK permitted
SHORTEST = 60  # what an Ethernet frame is padded to; the sender's own capture shows it unpadded, a gateway's shows it padded
LARGEST = 16 + ETHERNET + IPV4 + TCP + 1460
PACKETS_AT_ONCE = 32_768


class Flows(NamedTuple):
    """A column per fact, a row per flow; first_seq and first_id have one number for each direction."""

    client_ip: np.ndarray
    client_port: np.ndarray
    server_ip: np.ndarray
    server_port: np.ndarray
    first_seq: np.ndarray
    start_us: np.ndarray
    pace: np.ndarray
    first_id: np.ndarray


class Rows(NamedTuple):
    """The shapes' packets, one after another, as columns."""

    direction: np.ndarray
    flags: np.ndarray
    seq: np.ndarray
    ack: np.ndarray
    where: np.ndarray
    start: np.ndarray
    length: np.ndarray
    random_at: np.ndarray
    window: np.ndarray


def randoms_of(n_flows: int) -> np.ndarray:
    """uint8[n_flows, 32]: each flow's ClientHello random, by splitmix64 of its number."""
    with np.errstate(over="ignore"):
        z = (np.arange(1, 4 * n_flows + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (z ^ (z >> np.uint64(31))).astype("<u8").view(np.uint8).reshape(n_flows, 32)


@numba.njit(cache=True)
def put(out, at, value, width):  # type: ignore[no-untyped-def]
    """Write the value in network order."""
    for n in range(width):
        out[at + n] = (value >> (8 * (width - 1 - n))) & 0xFF


@numba.njit(cache=True)
def copy(out, at, source, start, length):  # type: ignore[no-untyped-def]
    for n in range(length):
        out[at + n] = source[start + n]


@numba.njit(cache=True)
def put_ipv4(out, ip, length, number, time_to_live, src_ip, dst_ip):  # type: ignore[no-untyped-def]
    put(out, ip, 0x4500, 2)
    put(out, ip + 2, length, 2)
    put(out, ip + 4, number, 2)
    put(out, ip + 6, 0x4000, 2)
    put(out, ip + 8, time_to_live, 1)
    put(out, ip + 9, 6, 1)
    put(out, ip + 12, src_ip, 4)
    put(out, ip + 16, dst_ip, 4)
    total = 0
    for n in range(ip, ip + IPV4, 2):
        total += (np.int64(out[n]) << 8) | out[n + 1]
    total = (total & 0xFFFF) + (total >> 16)
    put(out, ip + 10, ~(total + (total >> 16)) & 0xFFFF, 2)


@numba.njit(cache=True)
def put_packet(out, at, time_us, flow, row, flows, rows, payloads, noise, randoms, next_id):  # type: ignore[no-untyped-def]
    """Write one packet with its record header at `at`; returns where the next one begins."""
    direction, flags, length = rows.direction[row], rows.flags[row], rows.length[row]
    options = 12 if flags & 2 else 0
    wire = max(SHORTEST, ETHERNET + IPV4 + TCP + options + length)
    for n, value in enumerate((time_us // 1_000_000, time_us % 1_000_000, wire, wire)):
        for shift in range(4):
            out[at + 4 * n + shift] = (value >> (8 * shift)) & 0xFF
    frame = at + 16
    for n in range(frame, frame + SHORTEST):  # the padding, and the checksums
        out[n] = 0
    src_ip, src_port = flows.client_ip[flow], flows.client_port[flow]
    dst_ip, dst_port = flows.server_ip[flow], flows.server_port[flow]
    if direction == 1:
        src_ip, src_port, dst_ip, dst_port = dst_ip, dst_port, src_ip, src_port
    put(out, frame, 0x0200_0000_0001 + direction, 6)
    put(out, frame + 6, 0x0200_0000_0002 - direction, 6)
    put(out, frame + 12, 0x0800, 2)
    ip = frame + ETHERNET
    put_ipv4(out, ip, IPV4 + TCP + options + length, next_id[flow, direction], 128 if direction == 0 else 64, src_ip, dst_ip)
    next_id[flow, direction] += 1
    tcp = ip + IPV4
    put(out, tcp, src_port, 2)
    put(out, tcp + 2, dst_port, 2)
    put(out, tcp + 4, (np.int64(flows.first_seq[flow, direction]) + rows.seq[row]) & 0xFFFFFFFF, 4)
    if flags & 16:
        put(out, tcp + 8, (np.int64(flows.first_seq[flow, 1 - direction]) + rows.ack[row]) & 0xFFFFFFFF, 4)
    put(out, tcp + 12, (5 + options // 4) << 4, 1)
    put(out, tcp + 13, flags, 1)
    put(out, tcp + 14, rows.window[row], 2)
    copy(out, tcp + TCP, SYN_OPTIONS, 0, options)
    payload, start = tcp + TCP + options, rows.start[row]
    if rows.where[row] == 0:
        copy(out, payload, payloads, start, length)
    else:
        copy(out, payload, noise, (flow * 7919 + row * 104_729) % (len(noise) - 2048), length)
        if start >= 0:
            copy(out, payload, payloads, start, 5)
    if rows.random_at[row] >= 0:
        copy(out, payload + rows.random_at[row], randoms, 32 * flow, 32)
        copy(out, payload + rows.random_at[row] + 33, randoms, 32 * flow, 32)  # the session id differs from flow to flow as well
    return frame + wire


@numba.njit(cache=True)
def put_packets(out, times_us, packet_flow, packet_row, flows, rows, payloads, noise, randoms, next_id):  # type: ignore[no-untyped-def]
    """Write the packets one after another; returns the number of bytes."""
    at = 0
    for n in range(len(times_us)):
        at = put_packet(out, at, times_us[n], packet_flow[n], packet_row[n], flows, rows, payloads, noise, randoms, next_id)
    return at


def write(path: Path, flows: Flows, shapes: Sequence[Shape], shape: np.ndarray) -> int:
    """Write the capture and return its number of packets. Memory: about 20 bytes a packet."""
    counts = np.array([len(s.rows) for s in shapes])
    first_row = np.concatenate(([0], np.cumsum(counts)))
    base = np.concatenate(([0], np.cumsum([len(s.payloads) for s in shapes])))
    table = np.array([row for s in shapes for row in s.rows], np.int64)
    is_listed = (table[:, 4] == 0) | (table[:, 5] >= 0)
    table[:, 5] += np.where(is_listed, np.repeat(base[:-1], counts), 0)
    rows = Rows(*(np.ascontiguousarray(table[:, n]) for n in range(len(Rows._fields))))
    payloads = np.frombuffer(b"".join(bytes(s.payloads) for s in shapes), np.uint8)
    noise = np.random.default_rng(5).integers(0, 256, 1 << 20, dtype=np.uint8)

    packet_flow = np.repeat(np.arange(len(shape), dtype=np.int32), counts[shape])
    skipped = np.cumsum(counts[shape]) - counts[shape]
    packet_row = (np.arange(len(packet_flow)) - np.repeat(skipped - first_row[:-1][shape], counts[shape])).astype(np.int32)
    times_us = flows.start_us[packet_flow] + (table[packet_row, -1] * flows.pace[packet_flow]).astype(np.int64)
    order = np.argsort(times_us, kind="stable")
    times_us, packet_flow, packet_row = times_us[order], packet_flow[order], packet_row[order]

    randoms, next_id = randoms_of(len(shape)).reshape(-1), flows.first_id.copy()
    out = np.empty(PACKETS_AT_ONCE * LARGEST, np.uint8)
    with path.open("wb") as file:
        file.write(FILE_HEADER)
        for at in range(0, len(order), PACKETS_AT_ONCE):
            part = slice(at, at + PACKETS_AT_ONCE)
            n = put_packets(out, times_us[part], packet_flow[part], packet_row[part], flows, rows, payloads, noise, randoms, next_id)
            file.write(out[:n].data)
    return len(order)


def packet_boundary(path: Path, wanted: int) -> int:
    """The first place at or after `wanted` where a packet begins, by walking the record headers."""
    with path.open("rb") as file:
        at = len(FILE_HEADER)
        while at < wanted:
            file.seek(at + 8)
            at += 16 + int.from_bytes(file.read(4), "little")
    return at
