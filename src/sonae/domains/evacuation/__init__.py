"""Plan runs (decision, site, route, time for everyone) and evacuation orders."""
