"""What answers say beside their status, as columns: schemes of authentication, where they redirect to, web page or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from analyzer.arrow import array
from analyzer.flows.layout import ANSWER, ANSWER_CONTINUES, ANSWER_CUT, ANSWER_HTML, ANSWER_UNSAID
from analyzer.flows.messages import ANSWER_ROW, SOCKS_ANSWER_ROW

Text = Callable[[str, npt.NDArray[np.int64]], pa.Array]
"""text("location", rows), as table.TextsOf gives it of answers."""


def statuses_of(messages: npt.NDArray[Any], answers: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """The statuses of these answers, of SOCKS the replies; -1 where there is none."""
    if not len(messages):
        return np.full(len(answers), -1, np.int32)
    statuses, replies = messages.view(ANSWER_ROW)["status"][answers], messages.view(SOCKS_ANSWER_ROW)["reply"][answers]
    return np.where(answers >= 0, np.where(messages["kind"][answers] == ANSWER, statuses, replies), -1).astype(np.int32)


def answers_to(requests: npt.NDArray[np.int64], answers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The rows of the answers to these requests; -1 where there is no answer, or no request."""
    return np.where(requests >= 0, answers[requests] if len(answers) else -1, -1)


def http_answers(messages: npt.NDArray[Any], answers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """These answers where they are HTTP, else -1."""
    return np.where(kinds_of(messages, answers) == ANSWER, answers, -1)


def kinds_of(messages: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What kind of messages these are; 0 where there is none."""
    return np.where(rows >= 0, messages["kind"][rows] if len(messages) else 0, 0).astype(np.int64)


def traits_of(messages: npt.NDArray[Any], answers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What these answers show (flows.layout.ANSWER_...); 0 where there is none."""
    return np.where(answers >= 0, messages.view(ANSWER_ROW)["traits"][answers] if len(messages) else 0, 0).astype(np.int64)


def are_html(messages: npt.NDArray[Any], answers: npt.NDArray[np.int64]) -> pa.Array:
    """Whether these answers are web pages; null where there is none, or where what was captured of it doesn't tell."""
    answer = http_answers(messages, answers)
    traits = traits_of(messages, answer)
    return array(traits & ANSWER_HTML != 0, (answers < 0) | (traits & ANSWER_UNSAID != 0))


def are_cut(messages: npt.NDArray[Any], answers: npt.NDArray[np.int64]) -> pa.Array:
    """Whether the heads of these answers go on behind what was captured; null where there is no answer."""
    answer = http_answers(messages, answers)
    traits = traits_of(messages, answer)
    return array(traits & ANSWER_CUT != 0, answers < 0)


def challenges(messages: npt.NDArray[Any], text: Text, answers: npt.NDArray[np.int64]) -> tuple[pa.Array, pa.Array]:
    """(the schemes that these answers ask for, empty lists where none; whether one goes on, null without any)."""
    answer = http_answers(messages, answers)
    schemes = text("schemes", answer)
    asked = np.asarray(schemes.is_valid())
    traits = traits_of(messages, answer)
    lists = schemes.dictionary_encode()
    split = pa.array([*(each.split(",") for each in lists.dictionary.to_pylist()), []], pa.list_(pa.string()))
    return split.take(lists.indices.fill_null(len(split) - 1)), array(traits & ANSWER_CONTINUES != 0, ~asked)
