"""A node of the 2009 system, reimplemented from a description: our nodes must be able to share a ring with it.

Like that system it is slow, serves one connection at a time, trusts everyone and loses keys. None of that is fixed.
"""
from harness import settings  # noqa: F401  makes the generated modules importable, for every module here
