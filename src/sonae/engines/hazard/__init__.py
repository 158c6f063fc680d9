"""Hazard layers: what is known about a place, in three values."""
