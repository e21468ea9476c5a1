from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.compiled.rows import plain
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import MESSAGE, N_MESSAGES, ORIGIN, POOL_USED
from analyzer.readers.texts import keep, new_message


@given(st.lists(st.binary(max_size=50), max_size=10))
@settings(max_examples=50, deadline=None)
def test_texts_lie_one_behind_the_other(texts: list[bytes]) -> None:
    tables = empty_tables()
    buf = np.frombuffer(b"<" + b"".join(texts) + b">", np.uint8)
    at = 1
    kept = []
    for text in texts:
        kept.append(plain(keep)(tables, buf, at, at + len(text)))
        at += len(text)
    assert kept == [sum(map(len, texts[:i])) for i in range(len(texts))]
    assert tables.pool[: tables.counts[POOL_USED]].tobytes() == b"".join(texts)


def test_a_new_message_has_no_texts_though_its_row_had() -> None:
    tables = empty_tables()
    tables.messages[:] = np.frombuffer(b"\x55" * MESSAGE.itemsize, MESSAGE)
    for name, value in {"record": 7, "side": 1, "seq": 2**32 - 1, "ts_ns": 11, "ack": 13}.items():
        tables.cursor[name] = value
    plain(new_message)(tables, tables.cursor, ORIGIN, 10)
    row = tables.messages[0]
    assert tables.counts[N_MESSAGES] == 1
    assert [int(row[name]) for name in ("kind", "record", "side", "seq", "end", "ts_ns", "ack")] == [ORIGIN, 7, 1, 2**32 - 1, 9, 11, 13]
    assert {int(row[f"{name}_size"]) for name in ("host", "path", "agent", "field")} == {-1}
    assert [int(row[name]) for name in ("port", "code", "shape")] == [-1, -1, 0]
