"""What must hold, as a file that --expect reads back."""

import tomllib

from analyzer.report.expectation import expectation_file


def test_it_is_the_table_again_when_read() -> None:
    expect = {"winner": {"plane:sensor": "[2001:db8::1]:3128"}, "eras": {"cloud-protection": ["172.16.12.10:3128", 'a "b" \\ c']}}
    assert tomllib.loads(expectation_file(expect)) == {"test": {"expect": expect}}


def test_a_key_that_is_no_word_is_quoted() -> None:
    assert tomllib.loads(expectation_file({"a\nb": {"x": "y"}})) == {"test": {"expect": {"a\nb": {"x": "y"}}}}


def test_nothing_expected_is_no_file() -> None:
    assert expectation_file(None) == expectation_file({}) == ""
