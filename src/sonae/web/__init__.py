"""Screens and programs' interfaces, built only from the domains' interfaces."""
