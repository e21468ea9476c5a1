"""Both documents are as their JSON Schemas say, and the schemas let nothing else through."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

import analyzer
from tests.conftest import ROOT
from tests.report import scenes
from tests.report.verdicts import fifth_test, no_defender_traffic, nothing_seen

VERDICT = json.loads((ROOT / "docs" / "verdict.schema.json").read_text(encoding="utf-8"))
STUDY = json.loads((ROOT / "docs" / "study.schema.json").read_text(encoding="utf-8"))
REGISTRY: Registry[Any] = Registry().with_resource("verdict.schema.json", Resource.from_contents(VERDICT))
CAPTURES = sorted((ROOT / "captures").glob("*.pcapng"))


def mistakes(document: object, schema: dict[str, Any] = VERDICT) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in Draft202012Validator(schema, registry=REGISTRY).iter_errors(document)]


@pytest.mark.parametrize("schema", [VERDICT, STUDY], ids=["verdict", "study"])
def test_the_schemas_are_schemas(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda path: path.stem)
def test_the_laboratorys_verdicts(capture: object) -> None:
    read = analyzer.read(capture, topology=ROOT / "captures" / "topology.toml")  # type: ignore[arg-type]
    assert mistakes(read.verdict.to_dict()) == []


@pytest.mark.parametrize("make", [fifth_test, nothing_seen, no_defender_traffic])
def test_documents_made_by_hand(make: Callable[[], dict[str, Any]]) -> None:
    assert mistakes(make()) == []


@pytest.mark.parametrize("name", ["article", "silent", "empty", "timeless", "crowd"])
def test_verdicts_of_flow_tables(name: str) -> None:
    assert mistakes(getattr(scenes, name)().verdict) == []


def test_the_articles_study() -> None:
    document = json.loads(json.dumps(analyzer.study(ROOT / "captures" / "study.toml").to_dict()))
    assert mistakes(document, STUDY) == []
    document["tests"][0]["verdict"]["sources"][0]["services"][0]["winner"] = "PROX01"
    assert mistakes(document, STUDY) == [
        "$.tests[0].verdict.sources[0].services[0].winner: 'PROX01' is not valid under any of the given schemas"
    ]


def test_a_missing_or_an_unknown_key_is_a_mistake_anywhere() -> None:
    """Every object of a whole document, one after the other, with a key less and with one more."""

    def objects(value: Any, free: bool = False) -> list[dict[str, Any]]:
        """All objects but those whose keys are free: options, a group's planes, and what is expected."""
        if isinstance(value, dict):
            inner = (found for key, entry in value.items() if key != "expect" for found in objects(entry, key in ("options", "planes")))
            return [*([] if free else [value]), *inner]
        return [found for entry in value for found in objects(entry)] if isinstance(value, list) else []

    whole = fifth_test()
    for number in range(len(objects(whole))):
        for change in (lambda found: found.popitem(), lambda found: found.update(more=1)):
            changed = deepcopy(whole)
            change(objects(changed)[number])
            assert mistakes(changed), number


@pytest.mark.parametrize("path", [("window", 0), ("captures", 0, "first_seen"), ("findings", 0, "severity"), ("proxies", 0, "proxy")])
def test_a_wrong_form_is_a_mistake(path: tuple[str | int, ...]) -> None:
    document: Any = fifth_test()
    at = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = "yesterday"
    assert len(mistakes(document)) == 1
