"""The columns of answers; test_authentication.py tests how they are read."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.facts.answers import answers_of, answers_to, are_cut, are_html, challenges, locations, statuses_of
from analyzer.facts.picked import Picked
from analyzer.flows.grow import empty_tables
from analyzer.flows.layout import ANSWER, ANSWER_CONTINUES, ANSWER_CUT, ANSWER_HTML, ANSWER_UNSAID, MESSAGE, SOCKS_ANSWER
from analyzer.flows.messages import ANSWER_ROW, SOCKS_ANSWER_ROW

MESSAGES = np.zeros(4, MESSAGE)
MESSAGES["kind"] = (ANSWER, ANSWER, ANSWER, SOCKS_ANSWER)
MESSAGES.view(ANSWER_ROW)["traits"] = (ANSWER_HTML, ANSWER_UNSAID | ANSWER_CUT, ANSWER_CONTINUES, 0)
MESSAGES.view(ANSWER_ROW)["status"][:3] = (200, 403, 407)
MESSAGES.view(SOCKS_ANSWER_ROW)["reply"][3] = 5
ROWS = np.array([0, 1, 2, 3, -1])


def said(messages: npt.NDArray[Any], rows: npt.NDArray[np.int64], pool: bytes = b"") -> Picked:
    return answers_of(empty_tables()._replace(messages=messages, pool=np.frombuffer(pool, np.uint8)), rows)


def test_answers() -> None:
    answers = said(MESSAGES, ROWS)
    assert statuses_of(answers).tolist() == [200, 403, 407, 5, -1]
    assert are_html(answers).to_pylist() == [True, None, False, False, None]
    assert are_cut(answers).to_pylist() == [False, True, False, False, None]
    assert answers_to(np.array([-1, 1]), np.array([5, 3])).tolist() == [-1, 3]


def test_texts_of_answers() -> None:
    """A SOCKS reply says neither."""
    messages = MESSAGES.copy()
    answers = messages.view(ANSWER_ROW)
    answers["schemes_size"][2:], answers["location_at"], answers["location_size"][1:] = 10, 10, 6
    found = said(messages, ROWS, b"ntlm,basicHost.B")
    schemes, continues = challenges(found)
    assert schemes.to_pylist() == [[], [], ["ntlm", "basic"], [], []]
    assert continues.to_pylist() == [None, None, True, None, None]
    assert locations(found).to_pylist() == [None, "host.b", "host.b", None, None]


def test_without_any_message() -> None:
    none = np.array([-1, -1])
    answers = said(np.zeros(0, MESSAGE), none)
    assert statuses_of(answers).tolist() == [-1, -1]
    assert are_html(answers).to_pylist() == [None, None]
    assert answers_to(none, np.zeros(0, np.int64)).tolist() == [-1, -1]
    schemes, continues = challenges(answers)
    assert (schemes.to_pylist(), continues.to_pylist()) == ([[], []], [None, None])
