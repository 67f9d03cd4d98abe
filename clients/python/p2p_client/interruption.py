"""Whose exception is it? An exception that a signal handler raises can come out of any statement, and belongs to the
caller: it is never taken for a failure of the connection, the arguments or the reply."""

# Packages whose code raises the failures of connections.
_OF_CONNECTIONS = frozenset(("p2p_client", "socket", "encodings", "asyncio", "selectors"))


def is_foreign(failure):
    """Whether `failure`, caught around work on a connection, was raised by code that does no such work."""
    at = failure.__traceback__
    while at.tb_next is not None:
        at = at.tb_next
    return at.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in _OF_CONNECTIONS


def happens_again(failure, compute, *arguments):
    """Whether compute(*arguments), which raised `failure`, raised it itself: then it does so every time."""
    try:
        compute(*arguments)
    except Exception as again:
        return type(again) is type(failure)
    return False
