import pytest

from analyzer.text.words import counted, failure_list, listed, printable


@pytest.mark.parametrize(
    ("texts", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (list("abcd"), "a, b, c and d"), (list("abcde"), "a, b, c and 2 more")],
)
def test_listed(texts: list[str], said: str) -> None:
    assert listed(texts) == said


def test_counted() -> None:
    assert [counted(n, "flow") for n in (0, 1, 2)] == ["0 flows", "1 flow", "2 flows"]
    assert [counted(n, "address") for n in (1, 2)] == ["1 address", "2 addresses"]
    assert counted(12_345, "flow") == "12,345 flows"


def test_failure_list() -> None:
    assert failure_list({403: 1, 407: 3, -1: 2}) == "3 × 407, 2 unanswered, 1 × 403"


def test_what_could_steer_a_terminal_is_spelled_out() -> None:
    assert printable("a\x1b[2Jb\u202ec") == "a\\x1b[2Jb\\x202ec"
    assert listed(["a\x07"]) == "a\\x07"
