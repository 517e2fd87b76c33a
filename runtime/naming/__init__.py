"""What things are called: who names them, how names are put together, and what the wearer teaches."""
