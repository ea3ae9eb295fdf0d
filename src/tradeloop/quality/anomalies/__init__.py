"""Detectors beside those of bars: one file for each kind of anomaly."""
