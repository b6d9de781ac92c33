"""`| vtdrain`: what waits for quota is asked with what there is of it, and one row says what came of it."""
