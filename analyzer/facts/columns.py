"""Flows → the columns of the flow table without names: endpoints, times, amounts, and the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import all_null, array
from analyzer.compiled import kernel
from analyzer.facts.picked import Columns, Picked
from analyzer.facts.strings import words
from analyzer.flows.layout import FIRST_CUT, LABEL_TEXTS, SENT_FIN, SENT_OTHER, SENT_RST, SENT_SYN, SENT_SYN_ACK, SOURCE_BITS
from analyzer.packets.layout import NO_ID, NO_TIME, TCP
from analyzer.packets.outer import OUTER_NAMES
from analyzer.readers.sha256 import hex_digest
from analyzer.tables import TIME
from analyzer.text.times import values

ID_DIGITS: Final = 16
PROTOCOLS: Final[list[str | None]] = ["tcp", "udp"]
ENDINGS: Final[list[str | None]] = ["fin", "rst"]
SIDES: Final[list[str | None]] = ["client", "server"]
STATES: Final[list[str | None]] = ["refused", "unreachable", "no-answer", "closed", "reset", "mid-stream", "open"]


def flow_ids(flows: Mapping[str, Any], first_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
    """uint8[n, 16]: the hex digits of each flow's id, from the columns it is made of; a missing time is left empty.

    flows   protocol, client_ip, server_ip as Arrow strings, client_port, server_port as numpy
    """
    n = len(first_ns)
    parts = [flows[name].buffers() for name in ("protocol", "client_ip", "server_ip")]
    buffers = [(np.frombuffer(at, np.int32), np.frombuffer(data, np.uint8)) for _, at, data in parts]
    out = np.zeros((n, ID_DIGITS), np.uint8)
    room = (np.zeros(512, np.uint8), np.zeros(8, np.uint32), np.zeros(64, np.uint32))
    client_port, server_port, first_ns = flows["client_port"], flows["server_port"], np.ascontiguousarray(first_ns)
    digest_ids(*buffers[0], *buffers[1], client_port, *buffers[2], server_port, first_ns, n, out, *room)
    return out


def put_text(text, n, data, start, end):
    """Append data[start:end] to text[:n]; its new length."""
    for k in range(start, end):
        text[n] = data[k]
        n += 1
    return n


def put_number(text, n, value):
    """Append an integer in decimal to text[:n]; its new length."""
    if value < 0:
        text[n] = 45
        n += 1
        value = -value
    digits = 1
    above = 10
    while digits < 19 and value >= above:
        digits += 1
        above *= 10
    for k in range(digits):
        text[n + digits - 1 - k] = 48 + value % 10
        value //= 10
    return n + digits


@kernel
def digest_ids(
    proto_at, proto, client_at, client, client_port, server_at, server, server_port, first_ns, n_flows, out, text, state, schedule
):
    """Fill out[n_flows, ID_DIGITS] with the flows' ids.

    *_at are int32[n_flows + 1] offsets into the texts; text, state and schedule are room.
    """
    for i in range(n_flows):
        n = put_text(text, 0, proto, proto_at[i], proto_at[i + 1])
        text[n] = 124
        n = put_text(text, n + 1, client, client_at[i], client_at[i + 1])
        text[n] = 124
        n = put_number(text, n + 1, client_port[i])
        text[n] = 124
        n = put_text(text, n + 1, server, server_at[i], server_at[i + 1])
        text[n] = 124
        n = put_number(text, n + 1, server_port[i])
        text[n] = 124
        n += 1
        if first_ns[i] != NO_TIME:
            n = put_number(text, n, first_ns[i])
        hex_digest(text, n, ID_DIGITS, out, i * ID_DIGITS, state, schedule)


def state_codes(records: Columns, out: Columns, back: Columns) -> npt.NDArray[np.int64]:
    """int64[n]: indices in STATES. `out` and `back` are the client's and the server's rows of Tables.sides."""
    tcp = records["protocol"] == TCP
    sent, got = out["seen"], back["seen"]
    opened = sent & SENT_SYN != 0
    answered = (sent | got) & SENT_SYN_ACK != 0
    silent = back["packets"] == 0
    conditions = [
        tcp & opened & ~answered & (got & SENT_RST != 0),
        (records["unreachable"] != 0) & ~(tcp & answered),
        np.where(tcp, opened & silent & (sent & SENT_OTHER == 0), silent),
        tcp & (sent & got & SENT_FIN != 0),
        tcp & ((sent | got) & SENT_RST != 0),
        tcp & ((sent | got) & (SENT_SYN | SENT_SYN_ACK) == 0),
    ]
    return np.select(conditions, list(range(6)), default=6)


def times(ns: npt.NDArray[np.int64]) -> pa.Array:
    """A timestamp array, null for NO_TIME."""
    return array(ns, ns == NO_TIME).view(TIME)


def times_of(messages: Picked, only: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """The times of these messages; null without a message, or where `only` is false."""
    return times(np.where(messages.there if only is None else only, messages["ts_ns"], NO_TIME))


def capture_lists(records: Columns, late: dict[int, list[int]], names: list[str], order: list[int]) -> pa.Array:
    """A list array: the inputs that contain each flow, in the order of their times.

    late    flow → inputs beyond the first SOURCE_BITS
    order   the inputs' indices, by time
    """
    if len(names) == 1:
        masks, which = np.ones(1, np.uint64), np.zeros(len(records), np.int64)
    else:
        masks, which = np.unique(records["sources"], return_inverse=True)
    place = {number: at for at, number in enumerate(order)}
    lists = [[names[i] for i in sorted(inputs_in(int(mask)), key=place.__getitem__)] for mask in masks]
    column = pa.array(lists, pa.list_(pa.string())).take(array(which.ravel()))
    if not late:
        return column
    rows = values(column)
    for flow, inputs in late.items():
        seen = {*inputs_in(int(records["sources"][flow])), *inputs}
        rows[flow] = [names[i] for i in sorted(seen, key=place.__getitem__)]
    return pa.array(rows, pa.list_(pa.string()))


def inputs_in(mask: int) -> list[int]:
    """The inputs whose bits are set in RECORD.sources."""
    return [i for i in range(SOURCE_BITS) if mask >> i & 1] if mask else []


def outer_texts(records: Columns) -> pa.Array:
    """A string array: the first packet's wrappings, outermost first, null where there are none."""
    code = np.full(len(records), -1)
    wrapped = np.flatnonzero(records["outer0"])
    if not len(wrapped):
        return all_null(len(records), pa.string())
    keys = np.stack([records["outer0"][wrapped], records["outer1"][wrapped]], axis=1)
    rows, which = np.unique(keys, axis=0, return_inverse=True)
    code[wrapped] = which.ravel()
    return words(code, [_outer_text(int(high), int(low)) for high, low in rows])


def _outer_text(high: int, low: int) -> str | None:
    entries = [high >> 32, high & 0xFFFFFFFF, low >> 32, low & 0xFFFFFFFF]
    names = [OUTER_NAMES[e >> 24] + (f" {e & NO_ID}" if e & NO_ID != NO_ID else "") for e in entries if e]
    return ", ".join(names) or None


def label_texts(records: Columns, labels: npt.NDArray[Any], name: str) -> pa.Array:
    """A string array: the process or the firewall's action (`name`) of each record's first label; null without one.

    labels   the used rows of Tables.labels
    """
    texts = [text.decode("utf-8", "backslashreplace") or None for text in labels.view(LABEL_TEXTS)[name].tolist()]
    known = np.array([text is not None for text in texts] or [False])
    row = records["label"].astype(np.int64)
    return words(np.where((row >= 0) & known[np.maximum(row, 0)], row, -1), texts)


def counted(records: Columns, out: Columns, back: Columns, clients: npt.NDArray[np.int64], labels: npt.NDArray[Any]) -> dict[str, Any]:
    """The columns of times, packets, bytes, state, end, labels and wrapping."""
    ended = records["end_side"] >= 0
    tcp = records["protocol"] == TCP
    again_out, again_back = out["bytes"] - out["distinct"], back["bytes"] - back["distinct"]
    return {
        "first_seen": times(records["first_ns"].copy()),  # copies, as fields that were picked together go together
        "last_seen": times(records["last_ns"].copy()),
        "packets_out": out["packets"].copy(),
        "packets_in": back["packets"].copy(),
        "bytes_out": out["bytes"].copy(),
        "bytes_in": back["bytes"].copy(),
        "retransmitted": again_out + again_back,
        "first_cut": array(out["marks"] & FIRST_CUT != 0, ~tcp | (out["distinct"] == 0)),
        "resent_out": array(again_out, ~tcp),
        "resent_in": array(again_back, ~tcp),
        "last_in": times(back["last_ns"].copy()),
        "state": words(state_codes(records, out, back), STATES),
        "isn_out": array(out["base"].astype(np.int64), out["seen"] & SENT_SYN == 0),
        "isn_in": array(back["base"].astype(np.int64), back["seen"] & SENT_SYN_ACK == 0),
        "last_data": times(records["data_ns"].copy()),
        "ended_by": words(np.where(ended, (records["end_side"] != clients).astype(np.int64), -1), SIDES),
        "ended_with": words(np.where(ended, records["end_reset"].astype(np.int64), -1), ENDINGS),
        "ended_at": times(records["end_ns"].copy()),
        "process": label_texts(records, labels, "process"),
        "firewall_action": label_texts(records, labels, "action"),
        "outer": outer_texts(records),
    }
