"""The study document's types, held to the letter."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from typing_extensions import is_typeddict

from analyzer.studies import document

for shape in vars(document).values():
    if is_typeddict(shape):
        shape.__pydantic_config__ = {"extra": "forbid", "strict": True}


def exact(shape: Any) -> TypeAdapter[Any]:
    """Validates one of the document's types: no key too few, none too many, no value of another type."""
    return TypeAdapter(shape)
