"""The pages that are written from the program itself, so that they can't differ from it: `python -m docs.build` writes them anew.

tests/test_docs.py compares them with what is here and names this command when they differ.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from analyzer.findings import CODES, SEVERITIES
from analyzer.packets.link_types import LINK_TYPES
from analyzer.packets.outer import WRAPPINGS
from analyzer.report.ecs import ECS_VERSION
from analyzer.report.ecs import FIELDS as ECS_FIELDS
from analyzer.report.zeek import FIELDS as ZEEK_FIELDS
from analyzer.tables import FLOW_COLUMNS, LOOKUP_COLUMNS, REQUEST
from docs.article import article_page
from docs.settings import settings_page
from docs.speed import speed_page
from docs.streams import streams_page
from docs.tables import tables_page
from docs.toml_schemas import SCHEMAS
from docs.verdict import verdict_page, verdict_schema

DOCS: Final = Path(__file__).resolve().parent
ROOT: Final = DOCS.parent
WRITTEN: Final = "<!-- Written by python -m docs.build: change what it is written from, not this page. -->"

STAGES: Final = {
    "flows": "the conversation itself: who, when, how much, how it ended",
    "facts": "what was asked for, as read from the first bytes of both directions",
    "routes": "which way it went, from the traffic and the topology file",
    "services": "what the host means, from the catalogue",
}

REQUEST_KEYS: Final = {
    "kind": "connect, absolute, socks4 or socks5",
    "host": "as sent, without port and brackets",
    "port": "the port asked for",
    "path": "of an absolute-form request, without its query",
    "status": "HTTP status or SOCKS reply code; null where no answer was captured",
    "first_seen": "of the packet that began the request",
    "answered": "of the packet that began the answer",
    "service": "Defender service of this request's host",
    "plane": "plane of this request's host",
    "service_rule": "the catalogue pattern that matched",
    "service_evidence": "own or platform",
    "outcome": "worked, broken, challenged, authentication, denied, failed, unanswered, hidden or unseen",
    "let_through": "whether the answer, or what followed, shows that the proxy let it through",
    "challenge": "schemes of Proxy-Authenticate in the answer, lower case",
    "continues": "whether that challenge carries the next token of its scheme, or stale=true; null without a challenge",
    "offered": "scheme of Proxy-Authorization, lower case; null: none; what it holds is never kept",
    "location": "host that the answer redirects to; null: none",
    "html": "whether the answer is HTML; null where no answer was captured",
    "cut": "whether the answer's head goes on behind what was captured; null where no answer was captured",
}

COMMANDS_TEXT: Final = """
Data goes to stdout, everything else to stderr; progress shows on a terminal only. `NO_COLOR` is honoured, and a closed pipe is no
error.

Exit codes: 0 done · 1 done, but what was asked to hold doesn't (`--expect`, `verify`, drift; `doctor`: something required is broken) · 2
unusable input or arguments, a line on stderr for each · 130 interrupted · 70 a mistake in whichproxy itself, with what to report. Where
some of several inputs can't be read, the others' results are written first, then it is 2. A damaged capture is no failure: what can be read
is read, and the rest is a [finding](findings.md). What is read at all: [limits](limits.md).
"""

COLUMNS_TEXT: Final = """
One row per conversation: one TCP connection is one row, however many requests it carries. The same names in every format and in
Python. Every key is always there; missing is null, never an empty text or 0. Rows are sorted by `first_seen`, then `id`. Times are
UTC to the nanosecond. Names are kept as sent in `requested_host`, `sni`, `http_host` and `user_agent`, bytes that can't be decoded
as `\\xNN`; `host` is in lower case. The columns stand in the table in the order of `analyzer/tables.py`.
"""

LOOKUPS_TEXT: Final = """\
Beside the flow table: one row per question to a resolver, over UDP or TCP, with its answer; in Python, `traffic.lookups`."""

ZEEK_TEXT: Final = """\
`whichproxy flows --format zeek` writes a log in the form of Zeek's `conn.log`, for `zeek-cut`, pandas and what else reads Zeek's logs with
tabs. Missing is `-`; what isn't printable ASCII, `#`, `,` and a text that is `-` are written as `\\xNN`, a backslash as two. `#open` and
`#close` are left out."""

ECS_TEXT: Final = """\
`whichproxy flows --format ecs` writes JSON lines by the names of the Elastic Common Schema ({version}), ready for Elasticsearch,
OpenSearch and what else reads it; what ECS has no field for is below `whichproxy.`."""

FINDINGS_TEXT: Final = """
A finding is one cause, with all the sources, services and flows that it touches; what states a moment (a change, a fallback, a burst, a
tunnel that died) is one for each source and moment. The severity is the usual one; a finding may have another where the circumstances
differ. `whichproxy slice CAPTURE --finding CODE -o OUT.pcapng` gives its packets. Most name [the setting to change](settings.md).
"""


def columns_page() -> str:
    """docs/columns.md: every column of the flow table, by the stage that fills it."""
    lines = ["# The flow table", "", WRITTEN, COLUMNS_TEXT.rstrip()]
    for stage, what in STAGES.items():
        lines += ["", f"## {stage.capitalize()}: {what}", "", "| column | type | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{c.name}` | {type_name(c.type)} | {cell(c.meaning)} |" for c in FLOW_COLUMNS if c.stage == stage]
    lines += ["", "## Requests", "", "Each entry of `requests`:", "", "| key | type | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{key.name}` | {type_name(key.type)} | {REQUEST_KEYS[key.name]} |" for key in REQUEST]
    lines += ["", "## Lookups", "", LOOKUPS_TEXT, "", "| column | type | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{c.name}` | {type_name(c.type)} | {cell(c.meaning)} |" for c in LOOKUP_COLUMNS]
    lines += ["", "## As ECS", "", ECS_TEXT.format(version=ECS_VERSION), "", "| field | from |", "| --- | --- |"]
    lines += [f"| `{field.name}` | {field.meaning} |" for field in ECS_FIELDS]
    lines += ["", "## As Zeek", "", ZEEK_TEXT, "", "| field | type | from |", "| --- | --- | --- |"]
    lines += [f"| `{field.name}` | {field.kind} | {field.meaning} |" for field in ZEEK_FIELDS]
    return "\n".join(lines) + "\n"


def type_name(kind: pa.DataType) -> str:
    """The Arrow type in a word or two."""
    if pa.types.is_list(kind):
        return "list of requests" if pa.types.is_struct(kind.value_type) else f"list of {type_name(kind.value_type)}"
    return "time" if pa.types.is_timestamp(kind) else str(kind)


def cell(text: str) -> str:
    """The text fit for a Markdown table."""
    return text.replace("|", "\\|")


def findings_page() -> str:
    """docs/findings.md: every code that a finding can have."""
    used = set(codes_in_use())
    lines = ["# Findings", "", WRITTEN, FINDINGS_TEXT.rstrip()]
    for severity in SEVERITIES:
        lines += ["", f"## {severity.capitalize()}", "", "| code | meaning | what to do |", "| --- | --- | --- |"]
        lines += [f"| `{name}` | {c.meaning} | {c.advice} |" for name, c in CODES.items() if c.severity == severity and name in used]
    if unused := [f"| `{name}` | {c.meaning} |" for name, c in CODES.items() if name not in used]:
        lines += ["", "## Not looked for yet", "", "These codes have their name and meaning, but nothing in this version looks for them."]
        lines += ["", "| code | meaning |", "| --- | --- |", *unused]
    return "\n".join(lines) + "\n"


def codes_in_use() -> Iterator[str]:
    """The codes that some stage names; the registry itself and the list of what a capture could report don't count."""
    aside = {ROOT / "analyzer" / "findings.py", ROOT / "analyzer" / "verdict" / "captures.py"}
    sources = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "analyzer").rglob("*.py")) if path not in aside)
    code = re.sub(r'"""[\s\S]*?"""|#.*', "", sources)
    return (name for name in CODES if f'"{name}"' in code)


def commands_page() -> str:
    """docs/commands.md: the help of every verb, as the command prints it on 80 columns."""
    lines = ["# Commands", "", WRITTEN, COMMANDS_TEXT.rstrip()]
    for words in [(), *verbs()]:
        lines += ["", f"## {' '.join(('whichproxy', *words))}", "", "```text", help_of(words).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def verbs() -> dict[tuple[str, ...], Callable[..., object]]:
    """The words of every command, and what it calls."""
    import typer

    from analyzer.cli.app import VERBS, command_source

    found: dict[tuple[str, ...], Callable[..., object]] = {}
    for verb in VERBS:
        made = command_source(verb)
        if isinstance(made, typer.Typer):
            own = {one.name: one.callback for one in made.registered_commands}
            found |= {(verb, name): callback for name, callback in own.items() if name is not None and callback is not None}
        else:
            found[verb,] = made
    return found


def help_of(words: tuple[str, ...]) -> str:
    """What `whichproxy WORDS --help` prints."""
    command = [sys.executable, "-m", "analyzer", *words, "--help"]
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, encoding="utf-8").stdout


def study_schema() -> str:
    """docs/study.schema.json: the study document's types as JSON Schema; the verdict in each test has a schema of its own."""
    from pydantic import TypeAdapter

    from analyzer.studies.document import StudyDocument

    schema = TypeAdapter(StudyDocument).json_schema()
    schema["$defs"]["Test"]["properties"]["verdict"] = {"$ref": "verdict.schema.json"}
    for shape in (schema, *schema["$defs"].values()):
        if shape.get("type") == "object":
            shape["additionalProperties"] = False
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "The study document of whichproxy"}
    return json.dumps(about | {key: value for key, value in schema.items() if key != "title"}, indent=1, sort_keys=True) + "\n"


def history_schema() -> str:
    """docs/history.schema.json: the history document's types as JSON Schema."""
    from pydantic import TypeAdapter

    from analyzer.fleet.types import History

    schema = TypeAdapter(History).json_schema()
    for shape in (schema, *schema["$defs"].values()):
        if shape.get("type") == "object":
            shape["additionalProperties"] = False
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The history document of whichproxy",
        "description": "What `whichproxy history --json` and `analyzer.history(FOLDER).to_dict()` give; docs/fleet.md explains it.",
    }
    return json.dumps(about | {key: value for key, value in schema.items() if key not in about}, indent=1, sort_keys=True) + "\n"


def limits_page() -> str:
    """docs/limits.md with the tables of what is read around a packet written anew; the rest of the page is written by hand."""
    page = (DOCS / "limits.md").read_text(encoding="utf-8")
    for name, rows in (("link types", link_type_rows()), ("wrappings", wrapping_rows())):
        before, mark, rest = page.partition(f"<!-- {name}: ")
        head, _, behind = rest.partition("\n")
        page = "\n".join([before + mark + head, *rows, "<!-- end -->" + behind.partition("<!-- end -->")[2]])
    return page


def link_type_rows() -> list[str]:
    """The table of link types."""
    return ["| number | what |", "| --- | --- |", *(f"| {', '.join(map(str, numbers))} | {what} |" for numbers, what in LINK_TYPES)]


def wrapping_rows() -> list[str]:
    """The table of wrappings."""
    words = {"ethertype": "ethertype", "protocol": "IP protocol", "gre": "GRE type", "udp": "UDP port"}
    lines = ["| `outer` | known by | what | described in |", "| --- | --- | --- | --- |"]
    for one in WRAPPINGS:
        form = "{:#06x}" if one.by in ("ethertype", "gre") else "{}"
        numbers = ", ".join(form.format(number) for number in one.numbers)
        lines.append(f"| {f'`{one.name}`' if one.name else ''} | {words[one.by]} {numbers} | {cell(one.what)} | {cell(one.source)} |")
    return lines


PAGES: Final[dict[str, Callable[[], str]]] = {
    "columns.md": columns_page,
    "findings.md": findings_page,
    "commands.md": commands_page,
    "article.md": article_page,
    "limits.md": limits_page,
    "settings.md": lambda: settings_page(WRITTEN),
    "speed.md": lambda: speed_page(WRITTEN),
    "streams.md": lambda: streams_page(WRITTEN),
    "tables.md": lambda: tables_page(WRITTEN),
    "study.schema.json": study_schema,
    "history.schema.json": history_schema,
    "verdict.md": lambda: verdict_page(WRITTEN),
    "verdict.schema.json": verdict_schema,
    **{f"../analyzer/schemas/{name}.json": schema for name, schema in SCHEMAS.items()},
}


if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
