"""Messages → clients' search for a proxy: PAC files requested and seen, and DHCP's option for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.facts import columns
from analyzer.facts.addresses import address_text
from analyzer.facts.answers import answers_of, statuses_of
from analyzer.facts.strings import AS_IS, text_array
from analyzer.flows.layout import ABSOLUTE, DHCP, N_MESSAGES, ORIGIN, PAC_FILE, Tables
from analyzer.flows.messages import DHCP_ROW, PAC_ROW
from analyzer.packets.layout import NO_TIME
from analyzer.tables import DISCOVERY_SCHEMA
from analyzer.text.times import values

PAC_PATH = r"(?i)(/wpad\.da[t]?|\.pac)$"  # IIS once served wpad.da (WinSock Proxy requested it)


def discovery_table(
    tables: Tables,
    kinds: npt.NDArray[np.uint8],
    row_of: npt.NDArray[np.int32],
    ids: pa.Array,
    clients: pa.Array,
    answers: npt.NDArray[np.int64],
) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """(DISCOVERY_SCHEMA: one row per PAC file requested or seen, and per DHCP message about one, by time, then flow; the row of each one's
    flow).

    kinds     of each message;  row_of   the flow table's row of each record;  ids, clients   its columns
    answers   of each request, its answer's row, -1: none captured
    """
    messages = tables.messages[: int(tables.counts[N_MESSAGES])]
    requests = np.flatnonzero((kinds == ORIGIN) | (kinds == ABSOLUTE))
    if len(requests):
        paths = text_array(tables.pool, messages["path_at"][requests], messages["path_size"][requests], AS_IS)
        requests = requests[np.asarray(pc.fill_null(pc.match_substring_regex(paths, PAC_PATH), False).to_numpy(zero_copy_only=False))]
    seen = np.flatnonzero(kinds == PAC_FILE)
    seen = seen[messages.view(PAC_ROW)["script_size"][seen] > 0]  # files whose body wasn't captured are skipped
    rows = np.sort(np.concatenate([requests, seen, np.flatnonzero(kinds == DHCP)]))
    rows = rows[np.lexsort((row_of[messages["record"][rows]], messages["ts_ns"][rows]))]
    of = row_of[messages["record"][rows]].astype(np.int64)
    if not len(rows):
        return DISCOVERY_SCHEMA.empty_table(), of
    statuses = statuses_of(answers_of(tables, answers[rows])).tolist()
    found = [one_row(tables, messages[m], status) for m, status in zip(rows.tolist(), statuses, strict=True)]
    client = [row["client_ip"] or default for row, default in zip(found, values(clients.take(array(of))), strict=True)]
    times = messages["ts_ns"][rows]
    table = pa.table(
        [
            ids.take(array(of)),
            pa.array(client, pa.string()),
            columns.times(np.where(times == NO_TIME, NO_TIME, times)),
            *(pa.array([row[name] for row in found], DISCOVERY_SCHEMA.field(name).type) for name in ("kind", "url", "status", "text")),
        ],
        schema=DISCOVERY_SCHEMA,
    )
    return table, of


def one_row(tables: Tables, message: Any, status: int) -> dict[str, Any]:
    """kind, url, status, text and, where the message itself has it, client_ip."""

    def text(name: str, message: Any = message) -> str | None:
        at, size = int(message[f"{name}_at"]), int(message[f"{name}_size"])
        return tables.pool[at : at + size].tobytes().decode("utf-8", "backslashreplace") if size > 0 else None

    row: dict[str, Any] = {"kind": "file", "url": None, "status": None, "text": None, "client_ip": None}
    if message["kind"] == PAC_FILE:
        return row | {"text": text("script", message.view(PAC_ROW))}
    if message["kind"] == DHCP:
        message = message.view(DHCP_ROW)
        if message["client_size"] == 4:
            at = int(message["client_at"])
            row["client_ip"] = address_text(tables.pool[at : at + 4].tobytes())
        return row | {"kind": "dhcp-answered" if message["url_size"] > 0 else "dhcp-asked", "url": text("url", message)}
    host = text("host") if message["kind"] == ABSOLUTE else text("field")
    return row | {"kind": "fetch", "url": f"http://{host or ''}{text('path') or ''}", "status": status if status >= 0 else None}
