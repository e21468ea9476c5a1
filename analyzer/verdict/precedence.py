"""Which method takes precedence over which, as far as the capture shows it, for the sensor and the antivirus.

A proxy that carried other traffic of the same source at that time was available; requests of the plane to another proxy therefore show
an order. Only an era that is certain or likely shows one. A proxy that the plane tried and fell back from is the finding `fallback`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analyzer.routes.numbers import distinct
from analyzer.routes.requests import NO_TIME, Ints
from analyzer.verdict.evidence import Evidence, occurring
from analyzer.verdict.winner import Answer

PLANES = ("sensor", "antivirus")


def precedence(evidence: Evidence, mine: Ints, planes: Mapping[str, tuple[int, Answer]], configured: Sequence[str]) -> list[dict[str, Any]]:
    """The precedence rows of one source.

    mine        positions of its requests to proxies
    planes      plane → (its code, its answer)
    configured  methods that a study names as configured: they count as available even where they carried nothing
    evidence    of each row: the plane's flows through the proxy that was asked, and flows that show that the other proxy worked

    A proxy is named by its method, or by its address if it has none or has the method of the proxy asked.
    """
    rows: list[dict[str, Any]] = []
    proxy_of = evidence.proxy.codes[evidence.requests.row[mine]]
    if not configured and len(set(proxy_of.tolist())) < 2:
        return rows
    for plane in PLANES:
        code, answer = planes.get(plane, (-1, None))
        if answer is None or answer.last.confidence not in ("certain", "likely") or answer.last.asked is None:
            continue
        asked = answer.last.asked
        over, over_methods = asked.method or asked.proxy, _methods(asked.method)
        tried = {share.proxy for share in answer.last.shares.values() if share.asked}
        used = {method for share in answer.last.shares.values() if share.asked for method in _methods(share.method)}
        since = answer.eras[-1].since
        now = evidence.outcome.carried[mine] & ((evidence.begun[mine] >= since) if since is not None else (evidence.begun[mine] >= NO_TIME))
        in_plane = evidence.request_plane.codes[mine] == code
        same = evidence.alike(evidence.proxy.values.index(asked.proxy))
        is_asked = np.zeros(len(evidence.proxy.values), np.bool_)
        is_asked[same] = True
        by_asked = mine[in_plane & now & is_asked[proxy_of]]
        under: dict[str, list[Ints]] = {method: [] for method in configured if method not in used}
        worked: set[str] = set()
        for other in occurring(proxy_of[now]):
            proxy = evidence.proxy.values[other]
            if proxy in tried or other in same or evidence.proxy_label(other) in answer.last.unread:
                continue  # this plane's requests may be among those without names
            methods = _methods(evidence.proxy_names[proxy][1])
            labels = [method for method in methods if method not in used] if methods and not methods & over_methods else [proxy]
            if not labels:
                continue
            chosen = mine[now & (proxy_of == other)]
            for label in labels:
                under.setdefault(label, []).append(evidence.rows_of(chosen))
                if evidence.outcome.worked[chosen].any():
                    worked.add(label)
        slugs = sorted({evidence.request_service.values[s] for s in evidence.request_service.codes[by_asked].tolist() if s >= 0})
        for label in sorted(under):
            proof = distinct(np.concatenate([evidence.rows_of(by_asked), *under[label]]))
            sure = answer.last.confidence if label in worked else "likely"
            flows = evidence.flow_ids(proof)
            rows.append({"plane": plane, "confidence": sure, "over": over, "under": label, "services": slugs, "evidence": flows})
    return rows


def _methods(method: str | None) -> set[str]:
    """The methods that one proxy serves."""
    return set(method.split("/")) if method else set()
