from typing import Any

from analyzer.services.catalogue import Catalogue
from analyzer.services.rules import Rule, Service
from tests.verdict.rows import PROX01, tunnel, verdict


def told(code: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in verdict(*rows)["findings"] if finding["code"] == code]


def test_a_service_in_two_planes() -> None:
    rules = [Rule(f"{plane}.example", "own-service", "own", plane) for plane in ("sensor", "user")]
    catalogue = Catalogue([Service("own-service", "own")], rules)
    rows = [tunnel(PROX01, "sensor.example"), tunnel(PROX01, "user.example"), tunnel(PROX01, "user.example")]
    result = verdict(*rows, catalogue=catalogue)
    (finding,) = [finding for finding in result["findings"] if finding["code"] == "service-plane-mixed"]
    assert finding["text"] == "3 own-service requests of WORKSTATION: 1 of the sensor plane and 2 of the user plane"
    assert [entry["plane"] for entry in result["sources"][0]["services"]] == [None]
    assert [entry["plane"] for entry in result["sources"][0]["planes"]] == ["sensor", "user"]
