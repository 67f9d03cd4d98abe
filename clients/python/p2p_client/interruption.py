"""Whose exception is it? One that a signal's handler raises comes out of whatever was being done, and belongs to the
caller: it is never taken for a failure of the connection, the arguments or the reply."""

# Packages whose code raises what a connection fails with.
_OF_CONNECTIONS = frozenset(("p2p_client", "socket", "encodings", "asyncio", "selectors"))


def is_foreign(failure):
    """Whether `failure`, caught around work with a connection, was raised by other code than that."""
    at = failure.__traceback__
    while at.tb_next is not None:
        at = at.tb_next
    return at.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in _OF_CONNECTIONS


def happens_again(failure, compute, *arguments):
    """Whether compute(*arguments), which has raised `failure`, does so by itself: then it does each time."""
    try:
        compute(*arguments)
    except Exception as again:
        return type(again) is type(failure)
    return False
