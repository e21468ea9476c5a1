import numpy as np
import pyarrow as pa
import pytest

from analyzer.routes.portals import one_answer_for_many, site_of


def many(*asked: tuple[str | None, str | None, int]) -> list[bool]:
    hosts, answers, among = zip(*asked, strict=True)
    found = one_answer_for_many(pa.array(hosts, pa.string()), pa.array(answers, pa.string()), np.array(among, dtype=np.int64))
    result: list[bool] = found.tolist()
    return result


def test_two_hosts_sent_to_one_other() -> None:
    assert many(("a.example", "portal.test", 0), ("b.example", "portal.test", 0)) == [True, True]
    assert many(("a.example", "192.0.2.1", 0), ("b.example", "192.0.2.1", 0)) == [True, True]


def test_one_host_is_not_enough_however_often() -> None:
    assert many(("a.example", "portal.test", 0), ("a.example", "portal.test", 0)) == [False, False]


def test_others_are_not_compared() -> None:
    assert many(("a.example", "portal.test", 0), ("b.example", "portal.test", 1)) == [False, False]


def test_a_sites_own_names_are_no_portal() -> None:
    assert (
        many(("example.com", "www.example.com", 0), ("example.net", "www.example.com", 0), ("x.example.com", "www.example.com", 0))
        == [False] * 3
    )


def test_what_isnt_known_is_no_portal() -> None:
    assert many((None, "portal.test", 0), ("b.example", None, 0), ("c.example", "portal.test", 0)) == [False] * 3


def test_nothing() -> None:
    assert one_answer_for_many(pa.array([], pa.string()), pa.array([], pa.string()), np.zeros(0, dtype=np.int64)).tolist() == []


@pytest.mark.parametrize(
    ("host", "site"),
    [("a.b.example", "b.example"), ("example", "example"), ("10.0.0.1", "10.0.0.1"), ("2001:db8::1", "2001:db8::1"), ("", "")],
)
def test_site(host: str, site: str) -> None:
    assert site_of(host) == site
