"""A fleet's history as one HTML file. It contains no script, loads nothing and sends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from analyzer.report.fleet_model import build_history
from analyzer.report.page.html import page_environment, style_policy

MOST_FINDINGS: Final = 200
MOST_GATEWAYS: Final = 2_000
"""Findings and gateways on the page; the others are only counted, and the JSON has all."""

COLOURS: Final = 6
"""Proxies with a colour of their own, by number of requests; all others have none."""


def history_to_html(document: Mapping[str, Any]) -> str:
    """The page of a history document."""
    from markupsafe import Markup

    report = build_history(document)
    style, policy = style_policy()
    return (
        page_environment()
        .get_template("fleet.html.j2")
        .render(
            report=report,
            made_by=document["made_by"],
            style=Markup(style),
            policy=policy,
            colours={proxy: number for number, proxy in enumerate(report.proxies[:COLOURS])},
            proxies={one["proxy"]: one for one in document["proxies"]},
            MOST_FINDINGS=MOST_FINDINGS,
            MOST_GATEWAYS=MOST_GATEWAYS,
        )
    )
