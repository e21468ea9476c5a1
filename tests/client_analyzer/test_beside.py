"""Whole results beside a capture: URLs, groups, counts, and what the sensor found."""

from __future__ import annotations

from typing import Any

from analyzer.client_analyzer.beside import beside
from analyzer.client_analyzer.connectivity import read_connectivity
from analyzer.client_analyzer.document import ClientAnalyzer
from analyzer.client_analyzer.results import Results
from analyzer.verdict.document import document_of
from tests.client_analyzer.samples import ARTICLE
from tests.studies.laboratory import CATALOGUE, at, evidence, tunnel
from tests.studies.schema import exact
from tests.verdict.rows import PROX01, PROX02, flow

WEU, BLOB = "winatp-gw-weu.microsoft.com", "usseu1westprod.blob.core.windows.net"
TWO = ARTICLE + f"Testing URL : https://{BLOB}\tNoPinning\n1 - Default proxy: Failed (12002)\n3 - Proxy disabled: Failed (12002)\n"


def laid(text: str, *rows: dict[str, Any], span: tuple[int, int] = (at(0), at(100))) -> ClientAnalyzer:
    found = evidence(*rows)
    verdict = document_of(found, catalogue=CATALOGUE, captures=[])
    return beside(Results("r.txt", ["r.txt"], read_connectivity(text)), found, [span], CATALOGUE, verdict, ("winhttp",))


def test_the_articles_first_test_agrees_but_for_line_two() -> None:
    rows = [tunnel(PROX01, WEU, 1), tunnel(PROX01, WEU, 2), flow(first_seen=at(3), state="no-answer")]
    result = laid(ARTICLE, *rows)
    exact(ClientAnalyzer).validate_python(result)
    (url,) = result["urls"]
    assert [line["agreement"] for line in url["lines"]] == ["agrees", "can't tell", "agrees", "agrees", "can't tell"]
    assert (url["group"], url["service"], url["reachable"]) == ("CnC", "edr-command-and-control", True)
    assert url["lines"][2]["meaning"] == "timeout: packets dropped silently" and len(url["lines"][2]["flows"]) == 1
    config = result["proxy_config"]
    assert config is not None and (config["method"], config["agreement"], len(config["flows"])) == ("winhttp", "agrees", 2)
    assert (result["agreed"], result["disagreed"], result["untold"]) == (4, 0, 2)
    assert result["conclusion"] == (
        "The Client Analyzer says that the sensor found NamedWinHttp at 172.16.12.10:3128 and that 1 of 1 URL could be reached. "
        "Of 6 statements the capture agrees with 4, disagrees with 0 and can't tell of 2"
    )


def test_lines_that_look_like_its_own_and_cant_be_read_are_counted() -> None:
    result = laid(ARTICLE + "6 - \nTesting connection to nowhere\n", tunnel(PROX01, WEU, 1))
    assert result["unknown"] == ["6 -", "Testing connection to nowhere"]
    assert result["conclusion"].endswith("; 2 lines that look like its own couldn't be read")


def test_groups_sum_up_their_urls_method_by_method() -> None:
    second = TWO + f"Testing URL : https://{BLOB}\tNoPinning\n1 - Default proxy: Succeeded (400)\n"
    result = laid(second, tunnel(PROX01, WEU, 1), tunnel(PROX02, BLOB, 2, 503), flow(first_seen=at(3), state="no-answer"))
    cnc, upload = result["groups"]
    assert (cnc["group"], cnc["pinned"], cnc["urls"]) == ("CnC", True, 1)
    assert (upload["group"], upload["pinned"], upload["urls"], upload["reachable"]) == ("SampleUpload", False, 2, 1)
    first = upload["lines"][0]
    assert (first["number"], first["result"], first["code"], first["agreement"]) == ("1", "unknown", None, "disagrees")
    assert "nothing carried a request" in first["why"]


def test_only_the_time_of_the_run_counts() -> None:
    result = laid(ARTICLE, tunnel(PROX01, WEU, 1), span=(at(50), at(60)))
    assert [line["agreement"] for line in result["urls"][0]["lines"]] == ["can't tell"] * 3 + ["agrees", "can't tell"]


def test_results_without_urls_still_conclude() -> None:
    assert laid("")["conclusion"] == "Of 0 statements the capture agrees with 0, disagrees with 0 and can't tell of 0"
    assert laid("Proxy config: Method=Pigeon, address=\n")["proxy_config"] is not None
