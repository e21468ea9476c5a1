"""The types of the study document are a schema that pydantic holds documents to, key by key."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from analyzer.studies import document
from tests.studies.schema import exact


def test_the_types_are_a_schema() -> None:
    schema = TypeAdapter(document.StudyDocument).json_schema()
    assert set(schema["required"]) == set(schema["properties"]) == {"schema", "title", "topology", "held", "tests", "conclusion"}
    for name, part in schema["$defs"].items():
        assert set(part["required"]) == set(part["properties"]), f"{name}: keys are always there"


def test_a_key_too_few_or_too_many_is_refused() -> None:
    mark = {"at": "2024-05-01T12:05:00.000000000Z", "what": "live response started"}
    marks = exact(document.Mark)
    assert marks.validate_python(mark) == mark
    for wrong in ({"at": mark["at"]}, {**mark, "who": "me"}, {**mark, "what": 5}):
        with pytest.raises(ValidationError):
            marks.validate_python(wrong)
