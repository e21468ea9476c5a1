"""Every kind of message lies over one room, with names of its own for what it has, and none for what it hasn't."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.compiled.rows import by_address
from analyzer.flows import messages
from analyzer.flows.layout import MESSAGE, TEXTS
from analyzer.flows.messages import CLIENT_HELLO_ROW, COMMON, as_client_hello

ROWS = {name: row for name, row in vars(messages).items() if name.endswith("_ROW")}


@pytest.mark.parametrize("name", ROWS)
def test_a_kind_lies_where_a_request_does(name: str) -> None:
    row = ROWS[name]
    assert MESSAGE.names is not None and row.names is not None and MESSAGE.fields is not None and row.fields is not None
    assert row.itemsize == MESSAGE.itemsize
    for own, old in zip(row.names, MESSAGE.names, strict=True):
        assert row.fields[own][:2] == MESSAGE.fields[old][:2], (own, old)
    named = [own for own, old in zip(row.names, MESSAGE.names, strict=True) if old not in COMMON and not own.startswith("no_")]
    assert named, "it names something"
    for text in TEXTS:
        halves = [own for own, old in zip(row.names, MESSAGE.names, strict=True) if old in (f"{text}_at", f"{text}_size")]
        assert halves[0].removesuffix("_at") == halves[1].removesuffix("_size"), "both halves of a text have one name"


def test_a_row_is_written_by_either_name() -> None:
    rows = np.zeros(3, MESSAGE)
    hello = as_client_hello(by_address(rows) + 1)
    hello.traits, hello.server_name_at, hello.server_name_size = 5, 40, 9
    assert (rows["port"][1], rows["host_at"][1], rows["host_size"][1], rows["kind"].sum()) == (5, 40, 9, 0)
    assert rows.view(CLIENT_HELLO_ROW)["traits"].tolist() == [0, 5, 0]
    assert not hasattr(hello, "port")
