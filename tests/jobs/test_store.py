"""Files that change together; that a kill at every step leaves all or nothing is shown in test_analyst.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import Unusable
from analyzer.jobs.store import RECORD, STATE, Store


def changed(store: Store, text: str) -> None:
    change = store.change()
    change.file("a/one").write_text(text)
    change.state_file("own").write_text(text)
    change.record["said"] = text
    change.commit()


def test_what_was_changed_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    changed(Store(tmp_path), "first")
    changed(Store(tmp_path), "second")
    store = Store(tmp_path)
    own = store.state_file("own")
    assert ((tmp_path / "a" / "one").read_text(), own and own.read_text(), store.record["said"]) == ("second", "second", "second")
    assert (store.number, store.state_file("other")) == (2, None)
    assert sorted(path.name for path in (tmp_path / STATE).iterdir()) == ["own-2", RECORD]


def test_what_was_never_committed_leaves_nothing(tmp_path: Path) -> None:
    changed(Store(tmp_path), "first")
    change = Store(tmp_path).change()
    change.file("a/one").write_text("second")
    change.remove("a/one")
    store = Store(tmp_path)
    assert (tmp_path / "a" / "one").read_text() == "first"
    assert store.number == 1 and len(list(store.state.iterdir())) == 2


def test_files_are_removed_with_the_change(tmp_path: Path) -> None:
    store = Store(tmp_path)
    changed(store, "first")
    change = store.change()
    change.remove("a/one")
    change.remove("a/never-there")
    change.commit()
    assert not (tmp_path / "a" / "one").exists()


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"schema": 9, "number": 1, "record": {}, "moves": [], "removed": []}'])
def test_a_record_that_somebody_changed_is_told(tmp_path: Path, text: str) -> None:
    Store(tmp_path)
    (tmp_path / STATE / RECORD).write_text(text)
    with pytest.raises(Unusable, match="the job's record can't be read"):
        Store(tmp_path)


def test_a_place_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unusable, match="the results can't be written"):
        Store(tmp_path / "file")
