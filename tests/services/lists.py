"""Allow lists as a proxy team may have them."""

from __future__ import annotations

from pathlib import Path

from analyzer.services.allow_list import written
from analyzer.services.catalogue import load_catalogue
from analyzer.services.permits import merged, required_permits
from analyzer.services.required import Device

LISTS = {"allowed.txt": ("plain", "EU", "standard", "Windows"), "squid.conf": ("squid", "US", "streamlined", "Linux")}


def write_lists(folder: Path) -> None:
    """Lists that lack nothing, each for another kind of device."""
    for name, (form, geo, model, system) in LISTS.items():
        permits = merged(required_permits(load_catalogue(), Device("commercial", geo, model, system)))
        (folder / name).write_text(written(form, {"": permits}), encoding="utf-8")
