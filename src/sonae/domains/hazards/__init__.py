"""Hazard layers of the municipality and who lies in danger."""
