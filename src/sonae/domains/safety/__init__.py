"""The ledger of sightings, inquiries and who is not yet accounted for."""
