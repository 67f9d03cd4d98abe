"""What can be made to go wrong in a seed peer, from its start or at any moment? Everything is off by default.

A mute node takes a call and keeps it, and with it its only connection, until it may speak again: then it answers.
One that breaks off calls of a method closes their connections unanswered, and serves all others.
"""
import threading

from thrift.transport import TTransport


class Faults:
    """[any thread]"""

    def __init__(self, refuse=False, mute=False, mute_on=(), break_off=(), drop_puts=False):
        self._changed = threading.Condition()
        self._refuse = refuse
        self._mute = mute
        self._mute_on = set(mute_on)
        self._break_off = set(break_off)
        self._drop_puts = drop_puts
        self._holds_hand_over = False
        self._is_held = False

    @property
    def drops_puts(self):
        return self._drop_puts

    def describe(self):
        with self._changed:
            return {"refuse": self._refuse, "mute": self._mute, "mute_on": sorted(self._mute_on),
                    "break_off": sorted(self._break_off), "drop_puts": self._drop_puts,
                    "hold_hand_over": self._holds_hand_over}

    def is_held(self):
        """It has come to where it hands over, and waits there."""
        with self._changed:
            return self._is_held

    # --- asked by the node ---

    def wait_until_it_may_answer(self, method):
        with self._changed:
            self._changed.wait_for(lambda: not self._mute and method not in self._mute_on)
            if method in self._break_off:
                raise TTransport.TTransportException(message=f"{method} is broken off")

    def wait_until_it_may_listen(self):
        with self._changed:
            self._changed.wait_for(lambda: not self._refuse)

    def wait_until_it_may_hand_over(self):
        with self._changed:
            self._is_held = self._holds_hand_over
            self._changed.wait_for(lambda: not self._holds_hand_over)
            self._is_held = False

    # --- switched by the tests ---

    def refuse(self, is_on):
        self._set("_refuse", is_on)

    def mute(self, is_on):
        self._set("_mute", is_on)

    def mute_on(self, method):
        self._set("_mute_on", self._mute_on | {method})

    def unmute(self):
        self._set("_mute_on", set())
        self.mute(False)

    def break_off(self, method):
        self._set("_break_off", self._break_off | {method})

    def mend(self):
        self._set("_break_off", set())

    def drop_puts(self, is_on):
        self._set("_drop_puts", is_on)

    def hold_hand_over(self, is_on):
        self._set("_holds_hand_over", is_on)

    def _set(self, what, value):
        with self._changed:
            setattr(self, what, value)
            self._changed.notify_all()


def add_switches(parser):
    group = parser.add_argument_group("faults, for tests")
    group.add_argument("--refuse-after-join", action="store_true", help="joins, and then does not listen")
    group.add_argument("--mute", action="store_true", help="accepts connections and never answers")
    group.add_argument("--mute-on", metavar="METHOD", action="append", default=[], help="never answers calls of METHOD")
    group.add_argument("--break-off", metavar="METHOD", action="append", default=[],
                       help="closes the connection on calls of METHOD")
    group.add_argument("--drop-puts", action="store_true", help="takes every put and stores none")
    group.add_argument("--other-ring", metavar="HOST:PORT", action="append", default=[],
                       help="once joined, its ring also has this node, of which it tells nobody; 'localhost:PORT' is "
                            "another node to a ring than '127.0.0.1:PORT', and sends calls back to the same process")


def from_switches(arguments):
    return Faults(refuse=arguments.refuse_after_join, mute=arguments.mute, mute_on=arguments.mute_on,
                  break_off=arguments.break_off, drop_puts=arguments.drop_puts)
