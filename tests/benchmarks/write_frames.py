"""Writes flows as a pcap file: the packets of all flows in order of time, each copied from its shape and given its flow's numbers."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tests.benchmarks.conversations import Shape

FILE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 1)
ETHERNET, IPV4, TCP = 14, 20, 20
SYN_OPTIONS = np.frombuffer(bytes.fromhex("020405b40103030801010402"), np.uint8)  # MSS 1460, window scale 8, SACK permitted
SHORTEST = 60  # an Ethernet frame's padded size; the sender's own capture has it unpadded, a gateway's padded
RECORD = 16  # the header of a packet in the file
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


class Material(NamedTuple):
    """The packets' parts."""

    flows: Flows
    rows: Rows
    payloads: npt.NDArray[np.uint8]
    noise: npt.NDArray[np.uint8]
    randoms: npt.NDArray[np.uint8]


def randoms_of(n_flows: int) -> np.ndarray:
    """uint8[n_flows, 32]: each flow's ClientHello random, by splitmix64 of its number."""
    with np.errstate(over="ignore"):
        z = (np.arange(1, 4 * n_flows + 1, dtype=np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (z ^ (z >> np.uint64(31))).astype("<u8").view(np.uint8).reshape(n_flows, 32)


def big_endian(values: npt.NDArray[np.int64], width: int) -> npt.NDArray[np.uint8]:
    """uint8[n, width]: the numbers in network order."""
    return values.astype(">i8").view(np.uint8).reshape(-1, 8)[:, 8 - width :]


def ipv4_headers(
    size: int, numbers: npt.NDArray[np.int64], time_to_live: int, src: npt.NDArray[np.int64], dst: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint8]:
    """uint8[n, 20]: the headers of packets that are so large."""
    headers = np.zeros((len(numbers), IPV4), np.uint8)
    headers[:, :10] = np.frombuffer(struct.pack(">HHHHBB", 0x4500, size, 0, 0x4000, time_to_live, 6), np.uint8)
    headers[:, 4:6] = big_endian(numbers, 2)
    headers[:, 12:16] = big_endian(src, 4)
    headers[:, 16:20] = big_endian(dst, 4)
    total = headers.view(">u2").sum(axis=1, dtype=np.int64)
    total = (total & 0xFFFF) + (total >> 16)
    headers[:, 10:12] = big_endian(~(total + (total >> 16)) & 0xFFFF, 2)
    return headers


def records_of(
    row: int, times_us: npt.NDArray[np.int64], flow: npt.NDArray[np.int64], numbers: npt.NDArray[np.int64], material: Material
) -> npt.NDArray[np.uint8]:
    """uint8[n, size]: the packets of one row of a shape in so many flows, each with its record header."""
    flows, rows, payloads, noise, randoms = material
    direction, flags, length = int(rows.direction[row]), int(rows.flags[row]), int(rows.length[row])
    options = len(SYN_OPTIONS) if flags & 2 else 0
    wire = max(SHORTEST, ETHERNET + IPV4 + TCP + options + length)
    out = np.zeros((len(flow), RECORD + wire), np.uint8)
    out[:, :8] = np.stack([times_us // 1_000_000, times_us % 1_000_000], axis=1).astype("<u4").view(np.uint8)
    out[:, 8:16] = np.frombuffer(struct.pack("<II", wire, wire), np.uint8)
    frame = out[:, RECORD:]
    addresses = (0x0200_0000_0001 + direction).to_bytes(6, "big") + (0x0200_0000_0002 - direction).to_bytes(6, "big")
    frame[:, :ETHERNET] = np.frombuffer(addresses + b"\x08\x00", np.uint8)
    ends = (flows.client_ip[flow], flows.client_port[flow]), (flows.server_ip[flow], flows.server_port[flow])
    (src_ip, src_port), (dst_ip, dst_port) = ends if direction == 0 else ends[::-1]
    ip, tcp = ETHERNET, ETHERNET + IPV4
    frame[:, ip:tcp] = ipv4_headers(IPV4 + TCP + options + length, numbers, 64 if direction else 128, src_ip, dst_ip)
    frame[:, tcp : tcp + 2] = big_endian(src_port, 2)
    frame[:, tcp + 2 : tcp + 4] = big_endian(dst_port, 2)
    first_seq = flows.first_seq[flow].astype(np.int64)
    frame[:, tcp + 4 : tcp + 8] = big_endian(first_seq[:, direction] + rows.seq[row], 4)
    if flags & 16:
        frame[:, tcp + 8 : tcp + 12] = big_endian(first_seq[:, 1 - direction] + rows.ack[row], 4)
    frame[:, tcp + 12 : tcp + 16] = np.frombuffer(struct.pack(">BBH", (5 + options // 4) << 4, flags, int(rows.window[row])), np.uint8)
    payload, start = tcp + TCP + options, int(rows.start[row])
    frame[:, tcp + TCP : payload] = SYN_OPTIONS[:options]
    if rows.where[row] == 0:
        frame[:, payload : payload + length] = payloads[start : start + length]
    else:
        places = (flow * 7919 + row * 104_729) % (len(noise) - 2048)
        frame[:, payload : payload + length] = noise[places[:, None] + np.arange(length)]
        if start >= 0:
            frame[:, payload : payload + 5] = payloads[start : start + 5]
    at = payload + int(rows.random_at[row])
    if at >= payload:
        frame[:, at : at + 32] = randoms[flow]
        frame[:, at + 33 : at + 65] = randoms[flow]  # the session id differs from flow to flow as well
    return out


def records(
    times_us: npt.NDArray[np.int64],
    flow: npt.NDArray[np.int64],
    row: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.int64],
    material: Material,
) -> npt.NDArray[np.uint8]:
    """The packets one after another, each with its record header."""
    rows = material.rows
    sizes = RECORD + np.maximum(SHORTEST, ETHERNET + IPV4 + TCP + np.where(rows.flags & 2, len(SYN_OPTIONS), 0) + rows.length)[row]
    begins = np.cumsum(sizes) - sizes
    out = np.empty(int(sizes.sum()), np.uint8)
    by_row = np.argsort(row, kind="stable")
    for which in np.split(by_row, np.flatnonzero(np.diff(row[by_row])) + 1):
        written = records_of(int(row[which[0]]), times_us[which], flow[which], numbers[which], material)
        out[begins[which][:, None] + np.arange(written.shape[1])] = written
    return out


def numbered(flow: npt.NDArray[np.int32], direction: npt.NDArray[np.int64], first_id: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each packet's IP id: its sender counts on from the flow's first."""
    sender = 2 * flow.astype(np.int64) + direction
    order = np.argsort(sender, kind="stable")
    begins = np.concatenate(([0], np.flatnonzero(np.diff(sender[order])) + 1))
    counted = np.arange(len(order)) - np.repeat(begins, np.diff(np.concatenate((begins, [len(order)]))))
    numbers = np.empty(len(order), np.int64)
    numbers[order] = counted
    return numbers + first_id[flow, direction]


def write(path: Path, flows: Flows, shapes: Sequence[Shape], shape: np.ndarray) -> int:
    """Write the capture and return its number of packets. Memory: about 60 bytes a packet."""
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

    numbers = numbered(packet_flow, rows.direction[packet_row], flows.first_id)
    material = Material(flows, rows, payloads, noise, randoms_of(len(shape)))
    with path.open("wb") as file:
        file.write(FILE_HEADER)
        for at in range(0, len(order), PACKETS_AT_ONCE):
            part = slice(at, at + PACKETS_AT_ONCE)
            packets = records(times_us[part], packet_flow[part].astype(np.int64), packet_row[part], numbers[part], material)
            file.write(packets.data)
    return len(order)


def packet_boundary(path: Path, wanted: int) -> int:
    """The first place at or after `wanted` where a packet begins, by walking the record headers."""
    with path.open("rb") as file:
        at = len(FILE_HEADER)
        while at < wanted:
            file.seek(at + 8)
            at += 16 + int.from_bytes(file.read(4), "little")
    return at
