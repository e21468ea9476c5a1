"""Hosts that look like Defender's though no rule of the catalogue names them: perhaps its own, in a region or a form not listed yet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from analyzer.arrow import array
from analyzer.routes.requests import Ints, same_host
from analyzer.services.catalogue import Catalogue
from analyzer.services.match import is_defender_like
from analyzer.verdict.columns import column
from analyzer.verdict.evidence import Evidence, coded, source_rows


class Lookalikes(NamedTuple):
    """Each time that a source asked for such a host.

    row    int64[n]  its flow
    host   int64[n]  index into `names`
    """

    row: Ints
    host: Ints
    names: list[str]

    def of(self, rows: Ints) -> list[str]:
        """The names that these flows asked for, in alphabetical order."""
        return sorted({self.names[code] for code in self.host[np.isin(self.row, rows)].tolist()})


def lookalikes_of(evidence: Evidence, catalogue: Catalogue) -> Lookalikes:
    """All of them, of flows' hosts and of requests'."""
    requests = evidence.requests
    unnamed = np.flatnonzero(source_rows(evidence) & (evidence.service.codes < 0) & (evidence.host.codes >= 0))
    named = requests.host.is_valid().to_numpy(zero_copy_only=False)
    asked = np.flatnonzero(evidence.asks_proxy & (evidence.request_service.codes < 0) & named)
    names = coded(pa.concat_arrays([column(evidence, "host").take(array(unnamed)), same_host(requests.host.take(array(asked)))]))
    like = np.array([is_defender_like(catalogue, name) for name in names.values] + [False])
    fits = like[names.codes]
    return Lookalikes(np.concatenate([unnamed, requests.row[asked]])[fits], names.codes[fits], names.values)
