"""The authentication at a proxy: the schemes that it offers, and the credentials that refused and accepted requests carried.

The most frequent real fault: the machine account has no credentials and is refused, while the user is accepted.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow.compute as pc

from analyzer.arrow import array
from analyzer.routes.requests import Ints
from analyzer.text.labels import PLANES
from analyzer.text.times import values
from analyzer.text.words import counted, listed
from analyzer.verdict.columns import column
from analyzer.verdict.evidence import Evidence


def authentication_text(evidence: Evidence, refused: Ints, proxy: int) -> str:
    """`; it asks for NTLM; 30 offered nothing; it let in 12 user (NTLM) requests`, as text to append.

    refused  positions of requests that this proxy answered 407
    """
    entries = pc.list_flatten(column(evidence, "requests"))
    challenges = {scheme for schemes in values(entries.field("challenge").take(array(refused))) for scheme in schemes or ()}
    offers = Counter(values(entries.field("offered").take(array(refused))))
    parts = []
    if challenges:
        parts.append(f"it asks for {listed([scheme_name(scheme) for scheme in sorted(challenges)])}")
    none = offers.pop(None, 0)
    if none:
        parts.append(f"{'no credentials were' if none == len(refused) else f'{none} times none were'} offered")
    parts += [f"{scheme_name(scheme)} was offered and refused {counted(n, 'time')}" for scheme, n in sorted(offers.items())]
    parts += _let_in(evidence, proxy)
    return "".join(f"; {part}" for part in parts)


def _let_in(evidence: Evidence, proxy: int) -> list[str]:
    """The requests that the same proxy let in, by plane, and the schemes that these offered."""
    row, worked = evidence.requests.row, evidence.outcome.worked
    inside = np.flatnonzero(worked & evidence.asks_proxy & (evidence.proxy.codes[row] == proxy))
    if not len(inside):
        return []
    offers = pc.list_flatten(column(evidence, "requests")).field("offered")
    offered = values(offers.take(array(inside)))
    by_plane: dict[str, Counter[str | None]] = {}
    for plane, scheme in zip(evidence.request_plane.codes[inside].tolist(), offered, strict=True):
        by_plane.setdefault(evidence.request_plane.text(plane) or "other", Counter())[scheme] += 1
    parts = []
    for plane in sorted(by_plane, key=lambda name: (*PLANES, "other").index(name)):
        schemes = listed([scheme_name(scheme) for scheme in sorted(filter(None, by_plane[plane]))])
        parts.append(f"{sum(by_plane[plane].values()):,} {plane}{f' ({schemes})' if schemes else ''}")
    return [f"it let in {listed(parts, len(parts))} {'request' if len(inside) == 1 else 'requests'}"]


def scheme_name(scheme: str) -> str:
    """An authentication scheme as its standard writes it."""
    return {"ntlm": "NTLM", "negotiate": "Negotiate", "basic": "Basic", "digest": "Digest", "kerberos": "Kerberos"}.get(scheme, scheme)
