"""Django plumbing shared by every domain: scope, writing, outbox, audit, access, problems."""
