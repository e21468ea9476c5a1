"""Adds packet labels to the tables: each distinct process and firewall action once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.flows.grow import doubled
from analyzer.flows.layout import LABEL_TEXTS, MAX_LABELS, N_LABELS, Tables
from analyzer.packets.labels import Label
from analyzer.packets.layout import WHY_LINK


def with_labels(tables: Tables, labels: Sequence[Label], packets: npt.NDArray[Any]) -> Tables:
    """The tables with these labels added; the packets' notes, which number `labels` from one, are changed to the tables' rows."""
    places = np.zeros(len(labels) + 1, np.uint32)
    for i, label in enumerate(labels, start=1):
        tables, places[i] = _placed(tables, label)
    labelled = (packets["note"] > 0) & (packets["note"] < WHY_LINK)
    packets["note"][labelled] = places[packets["note"][labelled]]
    return tables


def _placed(tables: Tables, label: Label) -> tuple[Tables, int]:
    """The tables with the label, and its row plus one; 0 where there are too many."""
    row = np.zeros(1, LABEL_TEXTS)
    row["process"], row["action"] = shortened(label.process, LABEL_TEXTS["process"].itemsize), label.action
    n = int(tables.counts[N_LABELS])
    same = np.flatnonzero(tables.labels[:n].view(LABEL_TEXTS) == row[0])
    if len(same):
        return tables, int(same[0]) + 1
    if n >= MAX_LABELS:
        return tables, 0
    if n >= len(tables.labels):
        tables = tables._replace(labels=doubled(tables.labels, n))
    tables.labels[n : n + 1] = row.view(tables.labels.dtype)
    tables.counts[N_LABELS] = n + 1
    return tables, n + 1


def shortened(text: bytes, room: int) -> bytes:
    """The beginning of a UTF-8 text that fits, whole letters only."""
    return text if len(text) <= room else text[:room].decode("utf-8", "ignore").encode()
