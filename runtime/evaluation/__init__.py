"""``gazeline eval``: how well a model segments the labelled objects of a set, beside what it should beat."""
