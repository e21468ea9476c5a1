"""Plots of the verdict with matplotlib, which is loaded on first use."""
