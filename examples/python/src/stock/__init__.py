"""Which coffee is there, how much of it, and how old it is."""
