"""A peer of the 2009 system, written anew from its described behaviour: what ours must be able to share a ring with.

It is slow, serves one connection at a time, trusts everyone and loses keys, as that system does. Nothing is mended.
"""
from harness import settings  # noqa: F401  makes the generated modules importable, for every module here
