"""Which method goes over which, as far as the capture shows it, for the sensor and the antivirus.

A proxy that carried other traffic of the same source was there to be used; that the plane went elsewhere shows an order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analyzer.routes.requests import Ints
from analyzer.verdict.evidence import Evidence, grouped
from analyzer.verdict.winner import Contest

PLANES = ("sensor", "antivirus")


@dataclass(frozen=True)
class Carrying:
    """Which flows carried what, by code.

    anything  client → (proxy, rows) of each
    by_plane  (client, plane, proxy) → rows
    services  (client, plane, proxy) → codes of the services carried
    """

    anything: dict[int, list[tuple[int, Ints]]]
    by_plane: dict[tuple[int, ...], Ints]
    services: dict[tuple[int, ...], Ints]


def carrying(evidence: Evidence) -> Carrying:
    """Everything that was carried, for all sources at once."""
    row = evidence.requests.row
    client, proxy = evidence.client.codes[row], evidence.proxy.codes[row]
    carried = np.flatnonzero(evidence.outcome.carried & evidence.asks_proxy)
    plane = evidence.request_plane
    wanted = [code for code, name in enumerate(plane.values) if name in PLANES]
    in_plane = carried[np.isin(plane.codes[carried], wanted)]
    by_plane = dict(grouped(in_plane, client, plane.codes, proxy))
    anything: dict[int, list[tuple[int, Ints]]] = {}
    for (source, through), positions in grouped(carried, client, proxy):
        anything.setdefault(source, []).append((through, evidence.rows_of(positions)))
    services = {key: np.unique(evidence.request_service.codes[positions]) for key, positions in by_plane.items()}
    return Carrying(
        anything=anything,
        by_plane={key: evidence.rows_of(positions) for key, positions in by_plane.items()},
        services={key: codes[codes >= 0] for key, codes in services.items()},
    )


def precedence(
    evidence: Evidence, found: Carrying, client: int, planes: dict[str, tuple[int, Contest]], configured: Sequence[str]
) -> list[dict[str, Any]]:
    """The precedence rows of one source.

    planes      plane → (its code, its contest)
    configured  methods that a study says were configured: they count as there to be used even where they carried nothing
    evidence    of each row: the winner's flows of this plane, and the flows by which the other proxy was seen to work

    A proxy is called by its method, or by its address if it has none or shares the winner's. A method counts as passed over only
    where none of its proxies carried the plane.
    """
    rows = []
    for plane in PLANES:
        code, contest = planes.get(plane, (-1, Contest()))
        winner = contest.winner
        if winner is None:
            continue
        over = winner.method or winner.proxy
        used = {share.method or share.proxy for share in contest.carriers} | {share.proxy for share in contest.carriers}
        under: dict[str, list[Ints]] = {method: [] for method in configured if method not in used}
        for proxy_code, flows in found.anything[client]:
            proxy = evidence.proxy.values[proxy_code]
            method = evidence.proxy_names[proxy][1]
            label = proxy if method is None or method == over else method
            if proxy not in used and label not in used:
                under.setdefault(label, []).append(flows)
        won = (client, code, evidence.proxy.values.index(winner.proxy))
        services = sorted(evidence.request_service.values[service] for service in found.services[won])
        for label in sorted(under):
            proof = np.unique(np.concatenate([found.by_plane[won], *under[label]]))
            rows.append({"plane": plane, "over": over, "under": label, "services": services, "evidence": evidence.flow_ids(proof)})
    return rows
