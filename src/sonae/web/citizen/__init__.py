"""Resident pages."""
