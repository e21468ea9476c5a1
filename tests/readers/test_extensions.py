from __future__ import annotations

import pytest

from analyzer.readers.extensions import ends_like_schannel, highest_versions, server_name


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([0, 5, 10, 11, 13, 35, 23, 65281], True),
        ([0, 5, 43, 13, 35, 10, 11, 16, 51, 49, 23, 65281, 45], True),
        ([23, 65281], True),
        ([65281, 23], False),
        ([23, 65281, 45, 51], False),
        ([65281], False),
        ([45], False),
        ([], False),
    ],
)
def test_whose_list_it_is(listed: list[int], expected: bool) -> None:
    assert ends_like_schannel(listed, len(listed)) is expected


def test_the_first_host_name_of_the_extension() -> None:
    body = b"\0\x06\0\0\3a.b"
    at, size = server_name(body, 0, len(body))
    assert body[at : at + size] == b"a.b"
    assert server_name(body, 0, len(body) - 1)[1] == -1, "a length that doesn't fit"


def test_the_highest_version_leaves_grease_and_drafts_out() -> None:
    listed = bytes.fromhex("0a0a 7f1c 0304 0303")
    assert highest_versions(listed, 0, len(listed)) == (0x0304, 0x7F1C)
