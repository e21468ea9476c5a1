"""Colours: distinct from each other, also in grey and for colour-blind people, and never the only sign of a difference."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from analyzer.report.plots import palette
from analyzer.text.labels import ProxyLabel

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
DEUTERANOPIA = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
PROTANOPIA = np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]])


def linear(colour: str) -> np.ndarray:
    part = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB of linear RGB, D65."""
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.clip(matrix @ rgb, 1e-4, None) / [0.9505, 1.0, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("colour", [*palette.PROXIES, palette.BAD, palette.FAINT, palette.INK])
def test_every_colour_stands_out_from_the_paper(colour: str) -> None:
    assert contrast(colour, palette.PAPER) >= 3


def test_words_can_be_read() -> None:
    assert contrast(palette.FAINT, palette.PAPER) >= 4.5
    assert contrast(palette.FAINT, palette.SHADE) >= 4.5


@pytest.mark.parametrize("sight", [np.eye(3), DEUTERANOPIA, PROTANOPIA], ids=["all", "deuteranopia", "protanopia"])
def test_the_articles_three_proxies_are_told_apart(sight: np.ndarray) -> None:
    for one, other in itertools.combinations(palette.PROXIES[:3], 2):
        assert np.linalg.norm(lab(sight @ linear(one)) - lab(sight @ linear(other))) > 20


def test_planes_go_from_dark_to_light() -> None:
    shades = [luminance(colour) for colour in palette.PLANE_SHADES.values()]
    assert shades == sorted(shades) and all(b / a > 1.25 for a, b in itertools.pairwise(shades))


def test_a_proxy_has_one_colour_whatever_the_order() -> None:
    proxies = [ProxyLabel(f"10.0.0.{n}:3128", f"P{n}") for n in range(8)]
    assert palette.colours_of(proxies) == palette.colours_of(reversed(proxies))
    assert palette.colours_of(proxies)[proxies[6]] == palette.PROXIES[0]
    nameless = ProxyLabel("1.1.1.1:1")
    assert sorted([nameless, *proxies], key=palette.proxy_order)[-1] == nameless
