"""What answers say, as columns; how it is read is tested in test_authentication.py."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analyzer.facts.answers import answers_to, are_cut, are_html, challenges, http_answers, statuses_of
from analyzer.flows.layout import ANSWER, ANSWER_CONTINUES, ANSWER_CUT, ANSWER_HTML, ANSWER_UNSAID, MESSAGE, SOCKS_ANSWER
from analyzer.flows.messages import ANSWER_ROW, SOCKS_ANSWER_ROW

MESSAGES = np.zeros(4, MESSAGE)
MESSAGES["kind"] = (ANSWER, ANSWER, ANSWER, SOCKS_ANSWER)
MESSAGES.view(ANSWER_ROW)["traits"] = (ANSWER_HTML, ANSWER_UNSAID | ANSWER_CUT, ANSWER_CONTINUES, 0)
MESSAGES.view(ANSWER_ROW)["status"][:3] = (200, 403, 407)
MESSAGES.view(SOCKS_ANSWER_ROW)["reply"][3] = 5
ROWS = np.array([0, 1, 2, 3, -1])


def test_answers() -> None:
    assert http_answers(MESSAGES, ROWS).tolist() == [0, 1, 2, -1, -1]
    assert statuses_of(MESSAGES, ROWS).tolist() == [200, 403, 407, 5, -1]
    assert are_html(MESSAGES, ROWS).to_pylist() == [True, None, False, False, None]
    assert are_cut(MESSAGES, ROWS).to_pylist() == [False, True, False, False, None]
    assert answers_to(np.array([-1, 1]), np.array([5, 3])).tolist() == [-1, 3]


def test_challenges() -> None:
    texts = pa.array([None, None, "ntlm,basic", None, None], pa.string())
    schemes, continues = challenges(MESSAGES, lambda name, rows: texts, ROWS)
    assert schemes.to_pylist() == [[], [], ["ntlm", "basic"], [], []]
    assert continues.to_pylist() == [None, None, True, None, None]


def test_without_any_message() -> None:
    nothing, none = np.zeros(0, MESSAGE), np.array([-1, -1])
    assert statuses_of(nothing, none).tolist() == [-1, -1]
    assert are_html(nothing, none).to_pylist() == [None, None]
    assert answers_to(none, np.zeros(0, np.int64)).tolist() == [-1, -1]
    schemes, continues = challenges(nothing, lambda name, rows: pa.nulls(len(rows), pa.string()), none)
    assert (schemes.to_pylist(), continues.to_pylist()) == ([[], []], [None, None])
