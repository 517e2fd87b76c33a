"""Finding things by what is said of them: words to what is wanted, and what is wanted to the things that fit."""
