"""How can a call end without a result? In two ways: nothing was changed, or the outcome is unknown."""


class ClientError(Exception):
    """A call that has no result.

    `cause` is the reason as text. After a batch or a pipeline, `outcomes` holds the result or the ClientError of each key,
    in the order of the request; after a single call it is empty.
    """

    def __init__(self, cause, outcomes=()):
        super().__init__(cause)
        self.cause = cause
        self.outcomes = list(outcomes)


class Failed(ClientError):
    """The call was not executed and will not be: nothing has changed. A read without a result always ends as Failed."""


class Rejected(Failed):
    """A retry is pointless. The service refuses such calls: too large, too many keys, no such method. Or the client does
    not send it: larger than its request_bytes_max, arguments of the wrong types."""


class ConditionFailed(Rejected):
    """The condition of a write or an erase was not met: nothing was done. `version` is what the key has instead; None:
    there is no such key."""

    def __init__(self, cause, version=None):
        super().__init__(cause)
        self.version = version


class Unknown(ClientError):
    """The call may have been executed, or may still be. After a batch: that of at least one key; see `outcomes`."""
