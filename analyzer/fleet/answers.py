"""The first sentences of a history: reporting and silent gateways, winners, changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from analyzer.text.labels import ProxyLabel, plane_order, some
from analyzer.text.times import to_the_second
from analyzer.text.words import counted

RECENT_DAYS: Final = 7
"""A finding is new for this long before the last packet: the page is read once a week."""

MOST_NAMED: Final = 3
MOST_ANSWERS: Final = 6


def answers_of(document: Mapping[str, Any]) -> list[str]:
    """At most MOST_ANSWERS sentences."""
    return list(_answers(document))[:MOST_ANSWERS]


def recent(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The findings of the last RECENT_DAYS before the last packet, and those about gateways that are still silent."""
    newest = document["window"][1]
    if newest is None:
        return list(document["findings"])
    since = (date.fromisoformat(newest[:10]) - timedelta(days=RECENT_DAYS)).isoformat()
    return [one for one in document["findings"] if one["code"] == "gateway-silent" or (one["last_seen"] or "") >= since]


def _answers(document: Mapping[str, Any]) -> Iterator[str]:
    gateways = document["gateways"]
    silent = [one for one in gateways if one["state"] == "silent"]
    if silent:
        names = some([f"{one['gateway']} since {to_the_second(one['last_seen'])}" for one in silent], MOST_NAMED)
        yield f"{len(gateways) - len(silent):,} of {counted(len(gateways), 'gateway')} report; silent: {names}."
    else:
        yield f"{'The gateway reports' if len(gateways) == 1 else f'All {len(gateways):,} gateways report'}, until {_end(document)}."
    planes = sorted({plane["plane"] for one in gateways for plane in one["planes"]}, key=plane_order)
    winners = [f"{plane}: {_winners(gateways, plane)}" for plane in planes]
    if winners:
        yield f"Who wins, by sources: {'; '.join(winners)}."
    else:
        yield "No request to a proxy for anything of Defender's was seen."
    codes = [one["code"] for one in recent(document)]
    changed = [one for one in recent(document) if one["code"] == "winner-changed"]
    if changed:
        more = f" And {len(changed) - 1:,} more." if len(changed) > 1 else ""
        yield f"Winners changed in the last {RECENT_DAYS} days: {changed[0]['text']}.{more}"
    else:
        yield f"No winner changed in the last {RECENT_DAYS} days."
    direct = [one for one in recent(document) if one["code"] == "new-direct" and one["severity"] != "info"]
    if direct:
        yield f"New past the proxies: {_first_text(direct)}"
    counts = {code: codes.count(code) for code in ("service-silent", "failures-up", "new-proxy") if code in codes}
    if counts:
        yield f"Also new: {', '.join(f'{number} × {code}' for code, number in counts.items())}."


def _end(document: Mapping[str, Any]) -> str:
    return to_the_second(document["window"][1]) or "an unknown time"


def _first_text(findings: list[dict[str, Any]]) -> str:
    return f"{findings[0]['text']}.{f' And {len(findings) - 1:,} more.' if len(findings) > 1 else ''}"


def _winners(gateways: Iterable[Mapping[str, Any]], plane: str) -> str:
    """`PROX01 (WinHTTP) 60, PROX03 (static) 39 (works for 12)`."""
    sources: dict[str, int] = {}
    works: dict[str, int] = {}
    for gateway in gateways:
        for entry in gateway["planes"]:
            if entry["plane"] == plane:
                for one in entry["winners"]:
                    label = "none" if one["proxy"] is None else str(ProxyLabel(one["proxy"], one["name"], one["method"]))
                    sources[label] = sources.get(label, 0) + one["sources"]
                    works[label] = works.get(label, 0) + (one["sources"] if one["proxy"] is None else one["works"])
    ordered = sorted(sources.items(), key=lambda item: (-item[1], item[0]))
    texts = [f"{label} {n:,}{'' if works[label] == n else f' (works for {works[label]:,})'}" for label, n in ordered]
    return some(texts, MOST_NAMED)
