"""Municipality, its towns (町字) and how warning areas map to it."""
