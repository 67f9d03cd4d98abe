"""What becomes of connections when the process forks? They stay with the parent: two processes on one connection would
read each other's replies. Objects that must not be shared register here, and start afresh in a child."""
import os
import weakref

_owned = weakref.WeakSet()


def start_anew_in_children(thing):
    """Calls thing.forked() in each child process that is forked while `thing` exists, before anything else runs there. Threads
    that held its locks, or were using it, do not exist in the child."""
    _owned.add(thing)


def _in_child():
    for thing in list(_owned):
        thing.forked()


os.register_at_fork(after_in_child=_in_child)
