"""Lasting ids: which outline of which picture is which thing, and where things are between two looks."""
