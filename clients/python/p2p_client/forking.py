"""What happens to connections when the process forks? They stay with the parent: two processes on one connection would
read each other's replies. Objects that must not be shared register here, and are reset in the child."""
import os
import weakref

_registered = weakref.WeakSet()


def call_after_fork(instance):
    """Calls instance.after_fork() in each child process that is forked while `instance` exists, before anything else runs
    there. Threads that held its locks, or were using it, do not exist in the child."""
    _registered.add(instance)


def _in_child():
    for instance in list(_registered):
        instance.after_fork()


os.register_at_fork(after_in_child=_in_child)
