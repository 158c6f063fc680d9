"""Pure computation: data in, data out. No Django, no database; each engine has a command line."""
