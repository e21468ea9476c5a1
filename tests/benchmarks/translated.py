"""Flows captured on both sides of a translation, compared with as many unrelated flows: the cost of finding the copies."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.reading import read
from analyzer.routes.route import route_flows
from analyzer.routes.topology import load_topology
from analyzer.services.catalogue import load_catalogue
from tests.benchmarks.build_capture import build
from tests.benchmarks.measure import Subject
from tests.benchmarks.session import Bench, Turn

LATER_NS = 100_000
"""How much later the other side of a translator sees a packet."""

OUTSIDE = "203.0.113."
"""Where the translators' own addresses are."""

GOAL = 1 / 3
"""Both sides of a translation take at most three times as long as as many flows apart."""


def rows_of(capture: Path) -> pa.Table:
    """The flow table of a capture."""
    return read([str(capture)], topology=load_topology(None), catalogue=load_catalogue(), digests=False).flows


def translated(flows: pa.Table, sides: int) -> pa.Table:
    """The same flows as they are captured on so many sides of translators in a row."""
    return _in_order([flows, *(_behind(flows, side) for side in range(1, sides))])


def apart(flows: pa.Table, times: int) -> pa.Table:
    """So many times as many flows at the same time: those of others, with numbers and hellos of their own."""
    return _in_order([flows, *(_of_others(_behind(flows, turn), turn) for turn in range(1, times))])


def check(routed: pa.Table, sides: int) -> list[str]:
    """The errors about flows that were translated so often; empty when there are none."""
    # Ids are made by _behind: the flow's, and the number of its side.
    one = pc.utf8_slice_codeunits(routed["id"], 0, 16)
    side = pc.utf8_slice_codeunits(routed["id"], 16)
    expected = pc.if_else(pc.equal(side, ""), pa.scalar(None, pa.string()), one)
    wrong = routed.num_rows - pc.sum(pc.fill_null(pc.equal(routed["same_as"], expected), False)).as_py()
    wrong -= pc.sum(pc.and_(pc.is_null(routed["same_as"]), pc.is_null(expected))).as_py()
    return [f"{wrong} of {routed.num_rows} flows on {sides} sides aren't what they are copies of"] if wrong else []


def bench_translated(bench: Bench) -> None:
    """Both sides of one translator, and five of four in a row, each against as many flows apart; the stage routes alone."""
    flows = rows_of(build("full").capture)
    for sides in (2, 5):
        made = {"whichproxy": translated(flows, sides), "as many apart": apart(flows, sides)}
        for name, table in made.items():
            routed = route_flows(table, load_topology(None))  # warms it too
            copies = routed.num_rows - routed["same_as"].null_count
            found = check(routed, sides) if name == "whichproxy" else [f"{copies} copies among flows apart"] * bool(copies)
            bench.wrong += [f"translated: {line}" for line in found]
        turns: list[Turn] = [(Subject(name, bench.version), partial(_seconds_of, table), bench.repeat) for name, table in made.items()]
        bench.take_turns(f"translated: {sides} sides", turns, {"as many apart": GOAL})


def _seconds_of(flows: pa.Table) -> float:
    began = time.process_time()
    route_flows(flows, load_topology(None))
    return time.process_time() - began


def _in_order(parts: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(parts).sort_by([("first_seen", "ascending"), ("id", "ascending")]).combine_chunks()


def _behind(flows: pa.Table, side: int) -> pa.Table:
    """The flows on the other side of so many translators: another client, a little later."""
    for field in flows.schema:
        if pa.types.is_timestamp(field.type):
            later = pc.add(flows[field.name].cast(pa.int64()), side * LATER_NS).cast(field.type)
            flows = _with(flows, field.name, later)
    flows = _with(flows, "client_ip", pa.repeat(f"{OUTSIDE}{side}", flows.num_rows))
    return _with(flows, "id", pc.binary_join_element_wise(flows["id"], f"-{side}", ""))


def _of_others(flows: pa.Table, turn: int) -> pa.Table:
    """The same with other sequence numbers and ClientHellos."""
    for name in ("isn_out", "isn_in"):
        number = flows[name].to_numpy()
        moved = (np.nan_to_num(number) + turn * 715_827_883) % (1 << 32)
        flows = _with(flows, name, array(moved.astype(np.int64), np.isnan(number.astype(np.float64))))
    # A first letter that no hexadecimal number has, so that it is unique.
    rest = pc.utf8_slice_codeunits(flows["client_random"], 1)
    return _with(flows, "client_random", pc.binary_join_element_wise("ghijklmn"[turn], rest, ""))


def _with(flows: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    field = flows.schema.field(name)
    return flows.set_column(flows.schema.get_field_index(name), field, values.cast(field.type))
