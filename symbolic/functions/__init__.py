"""The SymPy functions: what loses digits when it is written out, under a name of its own."""
