"""What can a call end with, other than its result? Two kinds: nothing was changed, or nobody knows."""


class ClientError(Exception):
    """A call that has no result.

    `cause` is the reason in words. After a batch or a pipeline, `outcomes` holds for each of its keys, in the request's
    order, the result or the ClientError of that key; it is empty after a single call.
    """

    def __init__(self, cause, outcomes=()):
        super().__init__(cause)
        self.cause = cause
        self.outcomes = list(outcomes)


class Failed(ClientError):
    """The call was not executed and will not be: nothing has changed. A read that has no result is one of these too."""


class Rejected(Failed):
    """The service does not take such a call at all, however often it is asked: too large, too many keys, no such
    method. Or the client does not send it: larger than its request_bytes_max, arguments of the wrong types."""


class Unknown(ClientError):
    """The call may have been executed, or may be still. Of a batch: of at least one key; `outcomes` says which."""
