"""The columns `pair` and `pairs`: on every leg of a request, the client legs' ids."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.arrow import array
from analyzer.routes.numbers import distinct
from analyzer.routes.requests import Ints, one_array


def pair_columns(flows: pa.Table, behind: Ints, client: Ints) -> dict[str, pa.Array]:
    """Both columns. A client leg has its own id; a leg behind a proxy has those of all client legs whose requests it carried, in order.

    behind client   int64[n pairs]   rows of legs behind a proxy, and of their client legs
    """
    n = flows.num_rows
    of_client = distinct(client)
    keep = ~np.isin(behind, of_client)  # a leg that is also a client leg has its own id
    rows, owners = np.concatenate([behind[keep], of_client]), np.concatenate([client[keep], of_client])
    order = np.argsort(rows, kind="stable")
    rows, owners = rows[order], owners[order]
    _, first = np.unique(rows * n + owners, return_index=True)
    first.sort()
    rows, owners = rows[first], owners[first]
    starts = np.searchsorted(rows, np.arange(n + 1))
    ids = one_array(flows.column("id"))
    lists = pa.ListArray.from_arrays(array(starts.astype(np.int32)), ids.take(array(owners)))
    own = np.full(n, -1, dtype=np.int64)
    some = starts[:-1] < starts[1:]
    own[some] = owners[starts[:-1][some]]
    return {"pair": ids.take(array(own, own < 0)), "pairs": lists}
