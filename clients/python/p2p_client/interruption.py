"""Did a signal handler raise this exception? Such an exception can come out of any statement, and belongs to the caller: it
is never mistaken for a failure of the connection, the arguments or the reply."""

# Packages whose code raises the failures of connections.
_CONNECTION_PACKAGES = frozenset(("p2p_client", "socket", "encodings", "asyncio", "selectors"))


def is_from_signal_handler(failure):
    """Whether `failure`, caught around work on a connection, was raised by code that does not work on connections."""
    at = failure.__traceback__
    while at.tb_next is not None:
        at = at.tb_next
    return at.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in _CONNECTION_PACKAGES


def is_reproducible(failure, compute, *arguments):
    """Whether compute(*arguments) itself raised `failure`, and no signal handler: then it raises it every time."""
    try:
        compute(*arguments)
    except Exception as again:
        return type(again) is type(failure)
    return False
