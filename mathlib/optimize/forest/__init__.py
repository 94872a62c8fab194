"""Message passing: linear systems on forests, graphs cut into forests, and what can be done with the two."""
