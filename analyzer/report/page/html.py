"""One HTML file of a verdict or a study.

All captured text is escaped by jinja2, after `inert` has escaped its controls and direction marks. The page's own style and script are
allowed by their hashes, and nothing else is: no request, no frame, no form, no inline handler (CSP 3).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from analyzer.report.commands import slice_command
from analyzer.report.model import MOST_NAMED, Group, Report, build
from analyzer.report.page.exhibits import Exhibit, exhibits, table_of_tests
from analyzer.report.page.flow_data import flow_data
from analyzer.report.page.inline_svg import inline_svg
from analyzer.report.plots.canvas import to_svg
from analyzer.report.plots.palette import PROXIES
from analyzer.report.plots.pictures import Pictures
from analyzer.report.plots.proxies import proxies
from analyzer.report.plots.scene import Scene
from analyzer.report.plots.sources import sources
from analyzer.report.plots.timeline import timeline
from analyzer.report.sources import REQUIRED_STATES, Source
from analyzer.report.study_model import build_study
from analyzer.text.inert import inert
from analyzer.text.labels import METHOD_NAMES, byte_size, plane_order, some
from analyzer.text.times import to_the_second, zone_name
from analyzer.text.words import counted

if TYPE_CHECKING:
    import jinja2
    import pyarrow as pa

HERE: Final = Path(__file__).parent

MOST_SOURCES: Final = 60
MOST_ROWS: Final = 250
"""Sources with a table of their own, and rows of any other table, on a page; the others are only counted, and the .json has all."""

MIN_SOURCES_FOR_PICTURE: Final = 8
"""Sources from which on a picture shows the proxy that each used over time."""

MOST_LISTED: Final = 6_000
"""Sources that a page lists by name, over all groups."""

ONLY: Final = "report"
"""Prefix of the ids where a page has one verdict."""

MOST_ANSWERS: Final = 12
"""Sentences at the top; each source's own answer is above its table."""

LONG_NAME: Final = 21
"""Length of an IPv4 address with a port."""

LONG_ANSWER: Final = 150
"""Length from which on a single answer is set in a smaller font."""

MOST_TO_DO: Final = 5
"""Causes of harm at the top; the findings have all."""

COLUMNS: Final = 6
"""Proxy columns; with more proxies, a row has a column for the winner and one for the others."""

FLOWS_NAMED: Final = 6

PAGE_BYTES: Final = 1_900_000
"""Maximum size of a page, for mail and quick loading."""

LEAST_FOR_FLOWS: Final = 200_000
"""Minimum space for the flows, however long the rest is."""

_LINKED: Final = re.compile(r'href="#flow-([^"]+)"')


class Part:
    """One verdict for the template.

    key      prefix of all its ids
    scene    its flows and document
    """

    def __init__(self, key: str, scene: Scene) -> None:
        self.key = key
        self.scene = scene
        self.report: Report = build(scene.verdict)
        self.sets: dict[str, Sequence[str]] = {}
        self.room_for_names = MOST_LISTED

    def groups(self) -> list[tuple[Group, list[tuple[Source, list[Exhibit]]]]]:
        """The groups that the page shows, each with its sources that have tables, and sample flows of these."""
        entries = {entry["client_ip"]: entry for entry in self.scene.verdict["sources"]}
        room, shown = MOST_SOURCES, []
        for group in self.report.groups:
            if room <= 0:
                break
            room -= len(group.sources)
            shown.append((group, [(source, exhibits(self.scene, entries[source.client_ip])) for source in group.sources]))
        return shown

    @property
    def many(self) -> bool:
        """Whether there are enough sources for a picture of their own."""
        return self.report.n_sources >= MIN_SOURCES_FOR_PICTURE and bool(self.planes())

    @property
    def long_names(self) -> bool:
        """Whether proxies' names are too long for columns: IPv6 addresses."""
        return any(len(answer.winner.short) > LONG_NAME for group in self.report.groups for answer in group.planes if answer.winner)

    @property
    def first_plane(self) -> str:
        """The plane in the picture of many sources."""
        return self.planes()[0]

    def members(self, group: Group) -> tuple[str, ...]:
        """The addresses of the group's sources that the page lists, each a target for links; to be called once per group."""
        listed = group.ips[: self.room_for_names]
        self.room_for_names -= len(listed)
        return listed

    def source_id(self, ip: str) -> str:
        """The id of a source on the page; links to a page of one verdict are `report.html#source-10.1.2.3`."""
        return inert(f"source-{ip}" if self.key == ONLY else f"{self.key}-source-{ip}")

    def planes(self) -> list[str]:
        """The planes for which any group has an answer, in order."""
        return sorted({answer.plane for group in self.report.groups for answer in group.planes}, key=plane_order)

    def picture(self, name: str) -> Any:
        """The picture of that name, as an element of the page."""
        from markupsafe import Markup

        axes = getattr(Pictures(self.scene, titles=False), name)()
        return Markup(inline_svg(to_svg(axes), f"{self.key}-{name}"))

    def narrow_picture(self, name: str) -> Any:
        """The picture for a telephone; "" where there is none."""
        from markupsafe import Markup

        draw = {"timeline": timeline, "proxies": proxies, "sources": sources}.get(name)
        return Markup(inline_svg(to_svg(draw(self.scene, narrow=True)), f"{self.key}-{name}-narrow")) if draw else ""

    @property
    def find(self) -> str:
        """The command that cuts packets out of the captures, without selection and output file."""
        return slice_command(self.scene.verdict)

    def set_of(self, what: str, flows: Sequence[str]) -> str:
        """The name under which the page's script finds these flows."""
        name = f"{self.key}-{what}"
        self.sets[name] = flows
        return name

    def colour(self, proxy: str) -> int:
        """The number of a proxy's colour."""
        return PROXIES.index(self.scene.colours[proxy]) if proxy in self.scene.colours else 0


def to_html(flows: pa.Table, verdict: Mapping[str, Any]) -> str:
    """The page of one verdict. flows: the flow table it was judged from."""
    part = Part(ONLY, Scene(flows, verdict))
    return _page("report.html.j2", [part], flows, part=part)


def study_to_html(document: Mapping[str, Any], tables: Sequence[pa.Table]) -> str:
    """The page of a study. tables: the flow table of each of its tests, in their order."""
    scenes = [Scene.of_test(test, table) for test, table in zip(document["tests"], tables, strict=True)]
    parts = [Part(f"test-{number}", scene) for number, scene in enumerate(scenes, 1)]
    study = build_study(document)
    return _page("study.html.j2", parts, table_of_tests(list(tables)), title=study.title, study=study, parts=parts)


def _page(template: str, verdicts: Sequence[Part], flows: pa.Table, **content: Any) -> str:
    """The whole file. The body is rendered first, because it collects the sets of flows for the script."""
    from markupsafe import Markup

    environment = page_environment()
    style, script = _own("style.css"), _own("flows.js")
    body = environment.get_template(template).render(**content)
    sets = {name: ids for part in verdicts for name, ids in part.sets.items()}
    linked = {unquote(flow) for flow in _LINKED.findall(body)}
    room = max(PAGE_BYTES - len(body.encode()) - len(style) - len(script), LEAST_FOR_FLOWS)
    data = flow_data(flows, sets, room, linked, verdicts[0].find if len(verdicts) == 1 else "")
    return environment.get_template("page.html.j2").render(
        title=content.get("title") or _title(verdicts[0].report.title),
        made_by=verdicts[0].report.made_by if verdicts else "Made by whichproxy",
        policy=_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        data=Markup(data.text),
        body=Markup(body),
        rows=flows.num_rows,
        left_out=data.left_out,
        brief=data.brief,
        zone=zone_name(),
    )


def _title(read: str) -> str:
    return f"Which proxy won: {read}" if read else "Which proxy won"


def _policy(style: str, script: str) -> str:
    """The page's Content-Security-Policy: its own script and style, and data: images; nothing else.

    `trusted-types 'none'` prevents that text becomes markup, even by a mistake in the script.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def style_policy() -> tuple[str, str]:
    """(the pages' style, the Content-Security-Policy of a page without script)."""
    style = _own("style.css")
    return style, f"default-src 'none'; style-src '{_hash(style)}'; img-src data:; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _breakable(text: str) -> Any:
    """The text with optional line breaks: before the dots of a host and the slashes of a path."""
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?=[./])(?<!^)", inert(text)))


def _own(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8").strip()


@cache
def page_environment() -> jinja2.Environment:
    import jinja2
    from markupsafe import Markup

    from analyzer.report.page.compiled_templates import CompiledTemplates

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE),
        bytecode_cache=CompiledTemplates(Path(__file__)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": _breakable,
        "bytes": byte_size,
        "count": "{:,}".format,
        "fragment": lambda text: quote(inert(text), safe=""),
    }
    environment.globals |= {
        "counted": counted,
        "some": some,
        "to_the_second": to_the_second,
        "zone_name": zone_name,
        "COLUMNS": COLUMNS,
        "MOST_ANSWERS": MOST_ANSWERS,
        "LONG_ANSWER": LONG_ANSWER,
        "MOST_TO_DO": MOST_TO_DO,
        "MOST_NAMED": MOST_NAMED,
        "REQUIRED_STATES": REQUIRED_STATES,
        "MOST_ROWS": MOST_ROWS,
        "MOST_SOURCES": MOST_SOURCES,
        "FLOWS_NAMED": FLOWS_NAMED,
        "METHODS": METHOD_NAMES,
    }
    return environment
