"""``python -m gazeline.sim``."""

from gazeline.sim.cli import main

main()
