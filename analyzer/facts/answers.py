"""Fields of answers beside the status, as columns: authentication schemes, redirect targets, web page or not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import array
from analyzer.facts.picked import Picked
from analyzer.facts.strings import LOWER
from analyzer.flows.layout import ANSWER, ANSWER_CONTINUES, ANSWER_CUT, ANSWER_HTML, ANSWER_UNSAID, Tables
from analyzer.flows.messages import ANSWER_ROW

ANSWER_FIELDS = ("kind", "status", "traits", "location", "schemes")
"""The fields of an answer that these functions use."""


def answers_of(tables: Tables, rows: npt.NDArray[np.int64]) -> Picked:
    """These answers; rows of -1 have none."""
    return Picked(tables, ANSWER_ROW, rows, *ANSWER_FIELDS, "ts_ns")


def answers_to(requests: npt.NDArray[np.int64], answers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The rows of the answers to these requests; -1 without an answer or a request."""
    return np.where(requests >= 0, answers[requests] if len(answers) else -1, -1)


def statuses_of(answers: Picked) -> npt.NDArray[np.int32]:
    """The statuses of these answers (SOCKS replies are in the same field); -1 without an answer."""
    return answers.number("status", missing=-1).astype(np.int32)


def are_http(answers: Picked) -> npt.NDArray[np.bool_]:
    """Whether these answers are HTTP's."""
    is_http: npt.NDArray[np.bool_] = answers["kind"] == ANSWER
    return is_http


def traits_of(answers: Picked) -> npt.NDArray[np.int64]:
    """The traits of these answers (flows.layout.ANSWER_...); 0 for other protocols than HTTP."""
    return np.where(are_http(answers), answers["traits"].astype(np.int64), 0)


def are_html(answers: Picked) -> pa.Array:
    """Whether these answers are web pages; null without an answer, or where its captured part doesn't show it."""
    traits = traits_of(answers)
    return array(traits & ANSWER_HTML != 0, ~answers.there | (traits & ANSWER_UNSAID != 0))


def are_cut(answers: Picked) -> pa.Array:
    """Whether the heads of these answers go on beyond the captured bytes; null without an answer."""
    return array(traits_of(answers) & ANSWER_CUT != 0, ~answers.there)


def locations(answers: Picked) -> pa.Array:
    """The hosts to which these answers redirect."""
    return answers.text("location", LOWER, only=are_http(answers))


def challenges(answers: Picked) -> tuple[pa.Array, pa.Array]:
    """(the schemes that these answers require, empty lists where none; whether one carries the next token, null without any)."""
    schemes = answers.text("schemes", only=are_http(answers))
    asked = np.asarray(schemes.is_valid())
    lists = schemes.dictionary_encode()
    split = pa.array([*(each.split(",") for each in lists.dictionary.to_pylist()), []], pa.list_(pa.string()))
    return split.take(lists.indices.fill_null(len(split) - 1)), array(traits_of(answers) & ANSWER_CONTINUES != 0, ~asked)
