"""The resident register: households, residents, people who need assistance."""
