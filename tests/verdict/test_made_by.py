"""Evidence names its maker."""

from analyzer.routes.topology import Topology
from analyzer.verdict.made_by import made_by
from analyzer.version import VERSION
from tests.verdict.rows import CATALOGUE, LAB_TOPOLOGY


def test_it_names_version_catalogue_topology_and_options() -> None:
    made = made_by(CATALOGUE, LAB_TOPOLOGY, {"tz": "UTC"})
    assert made["version"] == VERSION
    assert made["catalogue"] == {"as_of": CATALOGUE.as_of, "sha256": CATALOGUE.sha256}
    assert made["topology"] == {"path": LAB_TOPOLOGY.path, "sha256": LAB_TOPOLOGY.sha256}
    assert made["options"] == {"tz": "UTC"}


def test_without_a_topology_there_is_none_to_name() -> None:
    assert made_by(CATALOGUE, Topology(), {})["topology"] == {"path": None, "sha256": None}
