"""What pictures are drawn from."""

from __future__ import annotations

import pytest

from analyzer.errors import Unusable
from tests.report import scenes


def test_a_source_is_chosen_by_address_or_name() -> None:
    scene = scenes.crowd()
    assert len(scene.sources(None)) == 50 and scene.whose(None) == "50 sources"
    (only,) = scene.sources("10.0.3.7")
    assert only["client_ip"] == scene.whose("10.0.3.7") == "10.0.3.7"
    with pytest.raises(Unusable, match=r"no source 'nobody'.*10\.0\.0\.7"):
        scene.sources("nobody")
    with pytest.raises(Unusable, match="there is none"):
        scenes.empty().sources("nobody")


def test_every_proxy_has_a_label_and_a_colour() -> None:
    scene = scenes.article()
    assert {label.short for label in scene.labels.values()} == {"PROX01", "PROX02", "PROX03"}
    assert len(set(scene.colours.values())) == 3
    assert set(scenes.crowd().colours) == set(scenes.crowd().labels)
