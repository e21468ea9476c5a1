"""Many sources that have nothing to do with the question are told at once."""

from typing import Any

from analyzer.verdict.strangers import MOST_STRANGERS
from tests.verdict.rows import CNC, PROX01, WORKSTATION, flow, tunnel, verdict


def scan(n: int) -> list[dict[str, Any]]:
    """n sources that each sent a SYN which nobody answered."""
    return [flow(client_ip=f"203.0.113.{number}", state="no-answer") for number in range(1, n + 1)]


def codes_of(*rows: dict[str, Any]) -> list[tuple[str, str | None, int]]:
    return [
        (each["code"], each["client_ip"], len(each["flows"])) for each in verdict(*rows)["findings"] if each["code"] != "required-unseen"
    ]


def test_a_few_have_findings_of_their_own() -> None:
    found = codes_of(tunnel(PROX01, CNC), *scan(MOST_STRANGERS))
    assert len(found) == 2 * MOST_STRANGERS and all(client for _, client, _ in found)


def test_many_have_one_of_each_kind_and_the_others_their_own() -> None:
    n = MOST_STRANGERS + 1
    found = codes_of(tunnel(PROX01, CNC), flow(client_ip=WORKSTATION, state="refused"), *scan(n))
    assert sorted(found, key=str) == sorted(
        [("direct-blocked", None, n), ("direct-blocked", WORKSTATION, 1), ("no-service-traffic", None, n)], key=str
    )


def test_who_has_a_name_or_went_for_defender_is_no_stranger() -> None:
    defender = [flow(client_ip=f"203.0.113.{number}", host=CNC, state="no-answer") for number in range(1, 40)]
    blocked = [client for code, client, _ in codes_of(*defender) if code == "direct-blocked"]
    assert len(blocked) == 39 and all(blocked)
    named = [flow(client_ip=WORKSTATION, state="no-answer"), *scan(MOST_STRANGERS)]
    assert all(client for _, client, _ in codes_of(*named))


def test_the_text_says_how_many_and_what_became_of_them() -> None:
    texts = {each["code"]: each["text"] for each in verdict(*scan(30))["findings"]}
    they = "30 sources (203.0.113.1, 203.0.113.2, 203.0.113.3 and 27 more) that used no proxy"
    assert texts["direct-blocked"] == f"30 direct connections of {they} to 1 address: 30 no-answer"
    assert texts["no-service-traffic"] == f"{they} sent nothing to any Defender service: 30 flows"
