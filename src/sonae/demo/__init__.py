"""The demo city 備え市: generated people, ground and streets, and its 72 hours of flood."""
