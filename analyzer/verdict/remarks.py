"""What a source's answer mentions beside its planes: traffic past the proxies, proxies without a connection, and what couldn't be read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Literal, NamedTuple

import numpy as np

from analyzer.routes.requests import integers
from analyzer.routes.route import DIRECT, PROXY
from analyzer.text.labels import ProxyLabel
from analyzer.verdict.case import Case
from analyzer.verdict.columns import column, says
from analyzer.verdict.evidence import ANSWERED, Evidence, distinct, occurring, source_rows
from analyzer.verdict.lookalikes import lookalikes_of
from analyzer.verdict.unread import sources_unread


class Remark(NamedTuple):
    """A fact that the answer mentions beside its planes.

    about   past the proxies: `what` is one of Defender's services with answered connections past them
            unreached: `what` is the label of a proxy to which no connection opened
            unread: some requests couldn't be read, so that Defender's may be among them
            look-alike: hosts were requested that look like Defender's, though no rule knows them
    """

    about: Literal["past the proxies", "unreached", "unread", "look-alike"]
    what: str = ""


def remarks_of(case: Case) -> dict[int, tuple[Remark, ...]]:
    """client code → what its answer mentions beside its planes, in order; no entry: nothing."""
    evidence = case.evidence
    unread = sources_unread(evidence, np.flatnonzero(source_rows(evidence)))
    unread |= set(occurring(evidence.client.codes[list(case.reached)]))
    like = occurring(evidence.client.codes[lookalikes_of(evidence, case.catalogue).row])
    found: dict[int, set[Remark]] = {}
    for clients, about in ((unread, Remark("unread")), (like, Remark("look-alike"))):
        for client in clients:
            found.setdefault(client, set()).add(about)
    for client, remark in chain(_past_the_proxies(evidence), _unreached(evidence)):
        found.setdefault(client, set()).add(remark)
    return {client: tuple(sorted(remarks)) for client, remarks in found.items()}


def _past_the_proxies(evidence: Evidence) -> Iterator[tuple[int, Remark]]:
    """(client code, remark) for each of Defender's services, by own evidence, with answered connections past the proxies."""
    rows = np.flatnonzero(
        (evidence.route == DIRECT) & (evidence.direct == ANSWERED) & ~evidence.taken_over & evidence.own & (evidence.service.codes >= 0)
    )
    for client, service in distinct(rows, evidence.client.codes, evidence.service.codes):
        yield client, Remark("past the proxies", evidence.service.values[service])


def _unreached(evidence: Evidence) -> Iterator[tuple[int, Remark]]:
    """(client code, remark) for each proxy that a client tried without opening a connection.

    A single SYN that wasn't sent again is left out as stray.
    """
    labels = [str(ProxyLabel(proxy, *evidence.proxy_names[proxy])) for proxy in evidence.proxy.values]
    stray = evidence.unopened & says(evidence, "state", "no-answer") & (integers(column(evidence, "packets_out"), 0) < 2)
    to_proxies = np.flatnonzero((evidence.route == PROXY) & ~stray)
    tried: set[tuple[int, str]] = set()
    opened: set[tuple[int, str]] = set()
    for client, proxy, unopened in distinct(to_proxies, evidence.client.codes, evidence.proxy.codes, evidence.unopened.astype(np.int64)):
        (tried if unopened else opened).add((client, labels[proxy]))
    for client, label in tried - opened:
        yield client, Remark("unreached", label)
