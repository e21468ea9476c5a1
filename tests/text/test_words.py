import pytest

from analyzer.text.words import counted, did_you_mean, failure_list, listed, printable, status_text


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
    assert failure_list({407: 1, -2: 2}) == "2 answered in another protocol, 1 × 407"
    assert failure_list({5: 2, 91: 1}) == "2 × SOCKS 5 (connection refused), 1 × SOCKS 91 (rejected or failed)"


def test_a_socks_reply_is_no_bare_number() -> None:
    assert [status_text(status) for status in (407, 2, 9, 255)] == [
        "407",
        "SOCKS 2 (not allowed)",
        "SOCKS 9",
        "SOCKS 255 (no method of authentication accepted)",
    ]


def test_what_could_steer_a_terminal_is_spelled_out() -> None:
    assert printable("a\x1b[2Jb\u202ec") == "a\\x1b[2Jb\\x202ec"
    assert listed(["a\x07"]) == "a\\x07"


@pytest.mark.parametrize(
    ("wrong", "known", "told"),
    [
        ("prox1", ["PROX01", "WORKSTATION"], "did you mean PROX01?"),
        ("zzz", ["a", "b"], "there is a and b"),
        ("zzz", [f"p{n}" for n in range(20)], "there is p0, p1, p2, p3, p4, p5, p6, p7 and 12 more"),
        ("zzz", [], "there is none"),
        ("\x1b[31", ["\x1b[31m"], "did you mean \\x1b[31m?"),
    ],
)
def test_what_was_meant(wrong: str, known: list[str], told: str) -> None:
    assert did_you_mean(wrong, known) == told
