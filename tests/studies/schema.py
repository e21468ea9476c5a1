"""The study document's types, held to the letter."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from typing_extensions import is_typeddict

from analyzer.studies import document


def exact(shape: Any) -> TypeAdapter[Any]:
    """Validates one of the document's types: no key too few, none too many, no value of another type."""
    shapes = [value for value in vars(document).values() if is_typeddict(value)]
    for each in shapes:
        each.__pydantic_config__ = {"extra": "forbid", "strict": True}
    try:
        return TypeAdapter(shape)
    finally:
        for each in shapes:  # as they were: the schema in docs/ is written from the same types
            del each.__pydantic_config__
