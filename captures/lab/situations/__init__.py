"""Situations from other networks that a verdict has to get right, each with the expected verdict.

One file per kind; SITUATIONS has them all, by name, in the order of captures/situations/README.md.
"""

from __future__ import annotations

from captures.lab.situations import (
    addresses,
    authentication,
    broken,
    changed,
    crowd,
    dead,
    firewall,
    followed,
    halves,
    ordinary,
    over_tls,
    settings,
    silence,
    translated,
)
from captures.lab.situations.situation import Situation

SITUATIONS: dict[str, Situation] = {
    situation.name: situation
    for kind in (
        ordinary,
        dead,
        broken,
        settings,
        changed,
        authentication,
        firewall,
        over_tls,
        translated,
        addresses,
        silence,
        halves,
        crowd,
        followed,
    )
    for situation in kind.SITUATIONS
}
