"""``gazeline doctor``: what is installed, what works, what is missing and how to get it."""
