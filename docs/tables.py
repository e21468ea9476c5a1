"""docs/tables.md: one CONNECT of a committed capture, worked through every table between the packets and the verdict.

Every figure on the page is read from the tables themselves, stage by stage as analyzer/pipeline.py runs them; written by hand is only what
a table is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.capture.inputs import open_inputs
from analyzer.capture.interleave import in_time_order
from analyzer.engine import Engine
from analyzer.flows import layout
from analyzer.flows.layout import N_MESSAGES, N_RECORDS, Tables
from analyzer.flows.messages import ALERT_ROW, ANSWER_ROW, CERTIFICATE_ROW, CLIENT_HELLO_ROW, COMMON, SERVER_HELLO_ROW
from analyzer.packets.layout import ACK, FIN, PSH, RST, STATUS_NAMES, SYN
from analyzer.pipeline import judge
from analyzer.reading import read
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import load_catalogue
from analyzer.streams.offers import read_waiting
from analyzer.tables import FLOW_COLUMNS
from analyzer.text.times import rfc3339
from analyzer.text.times import rows as rows_of

CAPTURES: Final = Path(__file__).resolve().parent.parent / "captures"
CAPTURE: Final = "T4-static.pcapng"
SERVICE: Final = "edr-cyber-data"

# Kind of message → what it is called, and its row.
KINDS: Final = {
    layout.CONNECT: ("connect", layout.MESSAGE),
    layout.ANSWER: ("answer", ANSWER_ROW),
    layout.CLIENT_HELLO: ("client hello", CLIENT_HELLO_ROW),
    layout.SERVER_HELLO: ("server hello", SERVER_HELLO_ROW),
    layout.ISSUER: ("issuer", CERTIFICATE_ROW),
    layout.ALERT: ("alert", ALERT_ROW),
    layout.WENT_ON: ("went on", layout.MESSAGE),
}
FLAGS: Final = {SYN: "SYN", ACK: "ACK", PSH: "PSH", FIN: "FIN", RST: "RST"}
# Message texts that are bytes to be compared, never to be shown as text.
BINARY: Final = ("alpn", "random", "issuer")
FIRST_PACKETS: Final = 9

ABOUT: Final = """
A stage gets nothing but the tables of the stage before it. To follow a fact, or to add one, look at the rows. These are the rows of one
connection: the sensor's first telemetry in `captures/{capture}`, a tunnel through PROX03. `analyzer/pipeline.py` shows the stages that
pass these tables on.
"""
FRAMES: Final = """
`analyzer/capture/` finds where each packet lies, and nothing else. A row of `FRAME` (analyzer/packets/layout.py) has the place in the
block's buffer; the bytes themselves are never copied. These are the frames of this connection's first packets. The first three are the
TCP handshake; the client's request, the proxy's answer and both hellos follow.
"""
PACKETS: Final = """
`analyzer/packets/` takes off link layer, tags, tunnels and IP. A row of `PACKET` has both ends, the TCP fields, and where the payload
begins in the same buffer. A frame that gives no packet has a `status` with the reason. Sequence numbers are counted from each side's
first.
"""
RECORDS: Final = """
`analyzer/flows/` counts. A row of `RECORD` is one stretch of a conversation. Its two ends have a fixed order that doesn't depend on which
one opened the connection; each end has a row of `SIDE`. `syn_side` is the end that sent the SYN. `distinct` counts payload without
resent bytes.
"""
MESSAGES: Final = """
`analyzer/streams/` puts the first bytes of each direction in order as they arrive, and passes them to the reader of the message that is
expected next (`analyzer/readers/`, a file for each protocol; [in which order](streams.md)). A row of `MESSAGE` is something that was sent
in plain text, with fields of its own for each kind (analyzer/flows/messages.py). Its texts lie in a pool beside it; here they are written
out. `seq` and `end` are its place in the stream, counted from the side's first byte. Behind the hellos everything is encrypted, and
nothing more is read.
"""
COLUMNS: Final = """
When no more packets come, each flow becomes one row of the flow table ([columns](columns.md)), and the message rows are no longer needed.
The stages fill it one after the other. Names that may disagree have columns of their own: `requested_host` is the host in the request to
the proxy, `sni` the one in the TLS inside; `host` is chosen last, and `host_source` says from where. Columns that are null for this flow
are left out.
"""
VERDICT: Final = """
`analyzer/verdict/` takes all flows together. This one counts among the tunnels of its source, its service and its proxy. These are the
places in the document ([verdict](verdict.md)) in which it is counted; lists are left out here.
"""


class Kept(NamedTuple):
    """All frames and packets of a capture, and the tables that grew from them."""

    frames: npt.NDArray[Any]
    packets: npt.NDArray[Any]
    tables: Tables


def tables_page(written: str) -> str:
    """docs/tables.md. written: the comment that says where the page comes from."""
    reading = read(
        [str(CAPTURES / CAPTURE)], topology=load_topology(CAPTURES / "topology.toml"), catalogue=load_catalogue(), workers=1, digests=False
    )
    flow = next(row for row in rows_of(reading.flows) if row["service"] == SERVICE and row["requests"])
    kept = grown_tables(CAPTURES / CAPTURE)
    rows = packets_of(kept.packets, flow)[:FIRST_PACKETS]
    record = record_of(kept.tables, flow)
    parts = [
        ("1. Frames: where each packet lies", FRAMES, frame_rows(kept.frames[rows])),
        ("2. Packets: headers read, tunnels taken off", PACKETS, packet_rows(kept.packets[rows])),
        ("3. Records and sides: conversations counted", RECORDS, record_rows(kept.tables, record)),
        ("4. Messages: what was sent before encryption", MESSAGES, message_rows(kept.tables, record)),
        ("5. The flow table: one row, filled by four stages", COLUMNS, column_rows(flow)),
        ("6. The verdict: where this flow counts", VERDICT, verdict_rows(judge(reading), flow)),
    ]
    lines = ["# One CONNECT, table by table", "", written, ABOUT.format(capture=CAPTURE).rstrip()]
    for heading, about, table in parts:
        lines += ["", f"## {heading}", about.rstrip(), "", *table]
    return "\n".join(lines) + "\n"


def grown_tables(path: Path) -> Kept:
    """Everything that lies between the capture and the flow table, kept where the pipeline would go on without it."""
    sources = open_inputs([str(path)]).sources
    frames, packets, engine = [], [], Engine(sources)
    for decoded in engine.decode(in_time_order(sources)):
        frames.append(decoded.block.frames.copy())
        packets.append(decoded.packets.copy())
        engine.feed(decoded)
    return Kept(np.concatenate(frames), np.concatenate(packets), read_waiting(engine.tables))


def packets_of(packets: npt.NDArray[Any], flow: Mapping[str, Any]) -> npt.NDArray[np.int64]:
    """The rows of a flow's packets, found by its client's port, which this capture has once."""
    ends = np.stack([packets["src_port"], packets["dst_port"]])
    return np.flatnonzero((ends == flow["client_port"]).any(axis=0) & (ends == flow["server_port"]).any(axis=0))


def record_of(tables: Tables, flow: Mapping[str, Any]) -> int:
    """The row of the flow's record."""
    records = tables.records[: int(tables.counts[N_RECORDS])]
    (row,) = np.flatnonzero((records["a_port"] == flow["client_port"]) | (records["b_port"] == flow["client_port"]))
    return int(row)


def frame_rows(frames: npt.NDArray[Any]) -> list[str]:
    names = ("number", "ts_ns", "start", "captured_bytes", "wire_bytes", "link_type", "source", "interface")
    return table(names, ([frame[name] for name in names] for frame in frames))


def packet_rows(packets: npt.NDArray[Any]) -> list[str]:
    first: dict[int, int] = {}
    rows = []
    for packet in packets:
        port = int(packet["src_port"])
        base = first.setdefault(port, int(packet["seq"]))
        acked = first.get(int(packet["dst_port"]))
        rows.append(
            [
                f"{ipv4(packet['src_lo'])}:{port}",
                f"{ipv4(packet['dst_lo'])}:{packet['dst_port']}",
                " ".join(name for bit, name in FLAGS.items() if packet["flags"] & bit),
                int(packet["seq"]) - base,
                "" if acked is None else int(packet["ack"]) - acked,
                packet["payload"],
                packet["payload_bytes"],
                packet["ttl"],
                STATUS_NAMES[packet["status"]],
            ]
        )
    return table(("src", "dst", "flags", "seq", "ack", "payload", "payload_bytes", "ttl", "status"), rows)


def record_rows(tables: Tables, record: int) -> list[str]:
    one = tables.records[record]
    names = ("a", "b", "protocol", "syn_side", "end_side", "first_ns", "data_ns", "last_ns", "first_frame")
    ends = [f"{ipv4(one[f'{end}_lo'])}:{one[f'{end}_port']}" for end in "ab"]
    of_sides = ("packets", "bytes", "distinct", "requests", "responses")
    sides = [["a" if side == 0 else "b", *(tables.sides[2 * record + side][name] for name in of_sides)] for side in (0, 1)]
    return [*table(names, [[*ends, *(one[name] for name in names[2:])]]), "", *table(("side", *of_sides), sides)]


def message_rows(tables: Tables, record: int) -> list[str]:
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    rows = []
    for message in messages[messages["record"] == record]:
        kind, row = KINDS[int(message["kind"])]
        base = int(tables.sides[2 * record + message["side"]]["base"]) + 1
        place = [(int(message[name]) - base) & 0xFFFFFFFF for name in ("seq", "end")]
        rows.append([kind, "ab"[message["side"]], *place, "; ".join(own_fields(tables.pool, message.view(row)))])
    return table(("kind", "side", "seq", "end", "what it holds"), rows)


def own_fields(pool: npt.NDArray[np.uint8], message: np.void) -> Iterator[str]:
    """Each text and number that a message of this kind has; of texts that are bytes, how many."""
    for name in message.dtype.names or ():
        value = int(message[name])
        if name in (*COMMON, "code") or name.startswith("no_") or name.endswith("_at"):
            continue
        if not name.endswith("_size"):
            if value > 0:
                yield f"{name}: {value}"
        elif value > 0:
            text, at = name.removesuffix("_size"), int(message[name.replace("_size", "_at")])
            yield f"{text}: " + (f"({value} bytes)" if text in BINARY else f"`{pool[at : at + value].tobytes().decode('ascii')}`")


def column_rows(flow: Mapping[str, Any]) -> list[str]:
    rows = [(one.stage, f"`{one.name}`", in_words(flow[one.name], one.type)) for one in FLOW_COLUMNS if flow[one.name] not in (None, [])]
    return table(("stage", "column", "value"), rows)


def verdict_rows(document: Mapping[str, Any], flow: Mapping[str, Any]) -> list[str]:
    """The places in the document where the flow is counted, each with its values."""
    source = next(one for one in document["sources"] if flow["client_ip"] in one["client_ips"])
    service = next(one for one in source["services"] if one["service"] == flow["service"] and one["plane"] == flow["plane"])
    place = f"sources[{document['sources'].index(source)}]"
    inside = f"{place}.services[{source['services'].index(service)}]"
    places = [(place, source), (inside, service)]
    places += [(f"{inside}.{key}[0]", service[key][0]) for key in ("eras", "by_proxy")]
    return table(("where", "what it holds"), ((f"`{where}`", scalars(entry)) for where, entry in places))


def scalars(entry: Mapping[str, Any]) -> str:
    """The keys and values of an entry of the document, without its lists."""
    return ", ".join(f"{key}: {plain(value)}" for key, value in entry.items() if not isinstance(value, list | dict))


def in_words(value: Any, kind: pa.DataType) -> str:
    """A value of the flow table in a cell: times as RFC 3339, of lists what they hold, of structs what isn't null."""
    if pa.types.is_timestamp(kind):
        return rfc3339(value)
    if pa.types.is_list(kind):
        return "; ".join(in_words(part, kind.value_type) for part in value)
    if pa.types.is_struct(kind):
        return ", ".join(f"{one.name}: {in_words(value[one.name], one.type)}" for one in kind if value[one.name] not in (None, []))
    return plain(value)


def plain(value: object) -> str:
    """A text, number or truth in a cell; paths as seen from the repository."""
    return str(value).lower() if isinstance(value, bool) else str(value).removeprefix(f"{CAPTURES.parent}/")


def ipv4(number: int) -> str:
    return ".".join(str(int(number) >> shift & 0xFF) for shift in (24, 16, 8, 0))


def table(heads: Sequence[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """A Markdown table."""
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    return lines + [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
