"""Kernels on arrays: no Django, no provider, no files. NumPy or CuPy behind one name `xp`."""
