"""JSON Schemas of the TOML files that people write, from the models that check them: what an editor completes is what is read.

Draft 7, which the TOML language servers (Taplo, Tombi) read; TOML has no null, and so have these.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel

from analyzer.findings import CODES
from analyzer.jobs import file as jobs
from analyzer.routes import topology_file
from analyzer.services.own_file import CatalogueFile
from analyzer.studies import expectations
from analyzer.studies import file as studies
from analyzer.text.labels import PLANES

DRAFT: Final = "http://json-schema.org/draft-07/schema#"
TITLES: Final = {
    "topology": "A topology of whichproxy: who is who",
    "study": "A study of whichproxy: several tests, and what should come out",
    "job": "A capture job of whichproxy",
    "catalogue": "An own catalogue of whichproxy: services and their hosts",
}


def topology_schema() -> str:
    """analyzer/schemas/topology.json."""
    return _text("topology", _of(topology_file.TopologyTables, topology_file.EXAMPLES))


def job_schema() -> str:
    """analyzer/schemas/job.json."""
    return _text("job", _of(jobs.JobTables, jobs.EXAMPLES))


def catalogue_schema() -> str:
    """analyzer/schemas/catalogue.json."""
    return _text("catalogue", _of(CatalogueFile, {}))


def study_schema() -> str:
    """analyzer/schemas/study.json: with the topology's tables, which a study may hold, and [test.expect]."""
    schema = _of(studies.StudyTables, studies.EXAMPLES)
    topology = _of(topology_file.TopologyTables, topology_file.EXAMPLES)
    schema["definitions"] |= topology.pop("definitions")
    schema["properties"] |= topology["properties"]
    named = {"type": "string", "minLength": 1}
    schema["properties"]["topology"] = {"anyOf": [named, topology], "description": studies.EXAMPLES["topology"]}
    schema["definitions"]["OneTest"]["properties"]["expect"] = _expect()
    return _text("study", schema)


def _expect() -> dict[str, Any]:
    """[test.expect], whose keys are services or planes: which services there are is the catalogue's."""
    plane = f"^(plane:({'|'.join(PLANES)})|[a-z0-9]+(-[a-z0-9]+)*)$"

    def table(value: Mapping[str, Any], key: str) -> dict[str, Any]:
        keyed = {"type": "object", "minProperties": 1, "patternProperties": {plane: dict(value)}, "additionalProperties": False}
        return keyed | {"description": expectations.EXAMPLES[key]}

    way = {"type": "string", "minLength": 1}
    properties = {key: table(way, key) for key in expectations.PROXY_KEYS}
    properties["outcome"] = table({"enum": list(dict.fromkeys(expectations.OUTCOMES))}, "outcome")
    properties["eras"] = table({"type": "array", "items": way, "minItems": 1}, "eras")
    codes = {"type": "object", "minProperties": 1, "properties": dict.fromkeys(CODES, way), "additionalProperties": False}
    properties["absent"] = codes | {"description": expectations.EXAMPLES["absent"]}
    properties["live_response"] = {"enum": list(expectations.LIVE_OUTCOMES), "description": expectations.EXAMPLES["live_response"]}
    return {"type": "object", "minProperties": 1, "properties": properties, "additionalProperties": False, "description": "[test.expect]"}


def _of(model: type[BaseModel], examples: Mapping[str, str]) -> dict[str, Any]:
    """The model's schema, each key with what to write for it."""
    schema = model.model_json_schema(ref_template="#/definitions/{model}")
    schema["definitions"] = schema.pop("$defs", {})
    for shape in (schema, *schema["definitions"].values()):
        for key, value in shape.get("properties", {}).items():
            if key in examples:
                value["description"] = examples[key]
    without_null: dict[str, Any] = _without_null(schema)
    return without_null


def _without_null(part: Any) -> Any:
    """The schema without what TOML can't say, and without titles, which repeat the keys."""
    if isinstance(part, list):
        return [_without_null(one) for one in part]
    if not isinstance(part, dict):
        return part
    made = {}
    for key, value in part.items():
        if (key == "title" and isinstance(value, str)) or (key == "default" and (value is None or isinstance(value, dict | list))):
            continue
        if key == "properties":
            made[key] = {name: _without_null(one) for name, one in value.items()}
        elif key == "const":
            made["enum"] = [value]
        else:
            made[key] = _without_null(value)
    choices = [one for one in made.get("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        del made["anyOf"]
        made = {**choices[0], **made} if "$ref" not in choices[0] else {**made, "allOf": choices}
    elif choices:
        made["anyOf"] = choices
    return made


def _text(name: str, schema: Mapping[str, Any]) -> str:
    ordered = {key: value for key, value in schema.items() if key != "title"}
    return json.dumps({"$schema": DRAFT, "title": TITLES[name], **ordered}, indent=1, sort_keys=False) + "\n"


SCHEMAS: Final = {"topology": topology_schema, "study": study_schema, "job": job_schema, "catalogue": catalogue_schema}
