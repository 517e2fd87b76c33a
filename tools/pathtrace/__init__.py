"""Path-traced training scenes: `python -m tools.pathtrace --help`."""
