"""A wrong catalogue file: every mistake at once, with file, row, line, key and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import Mistakes, Unusable
from analyzer.services.catalogue import load_catalogue


def mistakes(path: Path, text: str | bytes) -> list[str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Mistakes) as caught:
        load_catalogue([path])
    assert isinstance(caught.value, Unusable)
    for cause in caught.value.causes:
        assert str(path) in str(cause) and "\n" not in str(cause)
        assert str(cause) in str(caught.value)
    return [str(cause).removeprefix(f"{path}: ") for cause in caught.value.causes]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own.toml"


AT = "[[rule]] 1 (line 1): "
ALONE = 'write "name" or "*.name": a host name alone, without scheme, port, path or address'
RULE = '[[rule]]\npattern = "a.example"\nservice = "cloud-protection"\n'
LABELS = '[[consolidated]]\npattern = "*.b.example"\nlabels = "edr-*"\nplane = "sensor"\n'
LIKE = '[[lookalike]]\npattern = "edr-*.example"\nservice = "edr"\n'
OTHER = '[[rule]]\npattern = "A.example."\nservice = "smartscreen"\ncloud = ["GCC"]\n'


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('plane = "kernel"', AT + "plane: is 'kernel'; write 'sensor', 'antivirus', 'system', 'user' or 'none'"),
        ('evidence = "mine"', AT + "evidence: is 'mine'; write 'own', 'platform', 'shared' or 'path'"),
        ('date = "yesterday"', AT + "date: is 'yesterday'; write it like 2026, 2026-07 or 2026-07-03"),
        ('port = ["443"]', AT + "port.1: is '443'; input should be a valid integer"),
        ('also = ["nothing-known"]', AT + "also: no service is called nothing-known; describe it in a [[service]] table"),
        ('evidence = "path"', AT + 'incomplete; evidence = "path" needs url_path = "/x" or "/x/*" (a query is never compared)'),
        ("[[context]]", "[[context]] 1 (line 5): host: missing; add host = ..."),
        ('[[context]]\nhost = "10.0.0.1"', "[[context]] 1 (line 5): host: is '10.0.0.1'; " + ALONE),
        ("[[rul]]", "rul: unknown key; write rule, or use as_of, service, rule, context, consolidated, lookalike"),
        (RULE, "[[rule]] 2 (line 5): pattern: same as [[rule]] 1; keep one of them"),
        (OTHER, "[[rule]] 2 (line 5): pattern: same as [[rule]] 1; keep one of them"),
        (LABELS, "[[consolidated]] 1 (line 5): pattern: no rule has the pattern *.b.example; add the [[rule]] that it refines"),
        (LIKE, "[[lookalike]] 1 (line 5): service: no service is called edr; describe it in a [[service]] table"),
        ("=", "not TOML: Invalid statement (at line 5, column 1); mend it there"),
    ],
)
def test_one_mistake(own: Path, more: str, told: str) -> None:
    text = RULE + more if more.startswith(("plane", "evidence", "date", "port", "also")) else f"{RULE}\n{more}"
    assert mistakes(own, text) == [told]


def test_a_misspelt_key_and_service_name_the_nearest(own: Path) -> None:
    assert mistakes(own, RULE + 'url_pat = "/x"')[0].startswith(AT + "url_pat: unknown key; write url_path, or use ")
    told = mistakes(own, '[[rule]]\npattern = "a.example"\nservice = "cloud-protecton"')
    assert told[0].endswith("no service is called cloud-protecton; write cloud-protection, or describe it in a [[service]] table")


@pytest.mark.parametrize(
    "pattern",
    ["https://a.example/", "a.example:443", "a.*.example", "*", "*.*.example", "10.0.0.1", "", "::1",
     "a.b*", "gw-*", "*.gw-*.example", "a*b*c.example", "gw-*.bücher.example", "gw-*.a.example:443"],
)  # fmt: skip
def test_patterns_that_are_no_host_name(own: Path, pattern: str) -> None:
    [told] = mistakes(own, f'[[rule]]\npattern = "{pattern}"\nservice = "cloud-protection"\n')
    assert f'pattern: is {pattern!a}; write "name", "*.name" or, where only regions differ, "gw-*.name": ' in told


def test_what_may_be_written_beside_the_first_editions_words(own: Path) -> None:
    own.write_text(
        'as_of = "2026-11-26"\n'
        '[[rule]]\npattern = "*A.example"\nservice = "smartscreen"\nevidence = "platform"\nplane = "none"\n'
        '[[rule]]\npattern = "gw-*.b-*c.example."\nservice = "cloud-protection"\n'
        '[[context]]\nhost = "*.c.example"\n'
    )
    catalogue = load_catalogue([own])
    assert [rule.pattern for rule in catalogue.rules[-2:]] == ["*a.example", "gw-*.b-*c.example"]
    assert catalogue.as_of == "2026-11-26" and "*.c.example" in catalogue.context


def test_the_same_host_may_stand_once_for_each_list(own: Path) -> None:
    lists = ['cloud = ["GCC"]', 'connectivity_model = ["streamlined"]', 'os = ["Linux"]', 'geo = "EU"']
    own.write_text(RULE + "".join(f"{RULE}{each}\n" for each in lists))
    load_catalogue([own])
    assert mistakes(own, RULE + f"{RULE}{lists[0]}\n" * 2) == ["[[rule]] 3 (line 8): pattern: same as [[rule]] 2; keep one of them"]


def test_only_a_shared_host_may_be_of_two_services(own: Path) -> None:
    def of(evidence: str) -> str:
        return "".join(
            f'[[rule]]\npattern = "a.example"\nservice = "{slug}"\nevidence = "{evidence}"\n' for slug in ("smartscreen", "symbols")
        )

    own.write_text(of("shared"))
    load_catalogue([own])
    for evidence in ("own", "platform"):
        assert mistakes(own, of(evidence)) == ["[[rule]] 2 (line 5): pattern: same as [[rule]] 1; keep one of them"]


@pytest.mark.parametrize("day", ["2026-13-01", "2026-07", "today"])
def test_a_day_is_a_day(own: Path, day: str) -> None:
    assert mistakes(own, f'as_of = "{day}"') == [f"as_of: is '{day}'; write a day, as 2026-07-03"]


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('[[rule]]\nservice = "smartscreen"\n[[rule]]\npattern = "a.example"\nplane = "x"\n')
    with pytest.raises(Mistakes) as caught:
        load_catalogue([bad, tmp_path / "absent.toml", tmp_path])
    assert [cause.where for cause in caught.value.causes] == [
        f"{bad}: [[rule]] 1 (line 1): pattern",
        f"{bad}: [[rule]] 2 (line 3): service",
        f"{bad}: [[rule]] 2 (line 3): plane",
        str(tmp_path / "absent.toml"),
        str(tmp_path),
    ]
    assert all(cause.remedy for cause in caught.value.causes)


def test_rows_written_inline_are_told_by_number_alone(own: Path) -> None:
    assert mistakes(own, 'rule = [{pattern = "a.example"}]') == ["[[rule]] 1: service: missing; add service = ..."]


def test_bytes_that_are_not_text_and_tables_without_end(own: Path) -> None:
    assert mistakes(own, b"a = \xff") == ["not UTF-8 at byte offset 4; save it as UTF-8"]
    assert mistakes(own, "a = " + "[" * 100_000)[0].endswith("; a catalogue is a list of [[rule]] tables")


def test_what_a_file_says_can_not_act_on_a_terminal(own: Path) -> None:
    told = mistakes(own, '[[rule]]\npattern = "a\\u001b[31m"\nservice = "\\u001b[2J"\n"\\u001bk" = 1\n')
    assert len(told) == 3 and all(line.isprintable() for line in told)
