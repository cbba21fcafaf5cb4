"""The supplier accounts program: a desktop program of the old kind, for bots to be tried on. Knows nothing of bots."""
