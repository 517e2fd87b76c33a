"""The commands about models: added, fetched, compared, and built into engines."""
