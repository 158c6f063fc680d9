"""Facilities: designated emergency sites and shelters, and whether they are open."""
