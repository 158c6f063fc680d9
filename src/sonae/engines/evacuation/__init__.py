"""Walking network, route trees, choice of site, decision and leave-by time."""
