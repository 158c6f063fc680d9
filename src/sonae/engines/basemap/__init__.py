"""The base map (背景地図): the city's own streets, hazard zones and towns as vector tiles."""

FORM = 1
"""Counts up when the same city would be drawn otherwise: then every map is made anew."""
