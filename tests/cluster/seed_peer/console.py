"""How does a test look into a running seed peer, and break it? By lines on its stdin, without its only connection.

Each command is answered by one line of JSON on stdout, once it is in force:
  ring, items, keys, faults             what it knows, holds, and gets wrong
  mute, mute-on METHOD, unmute          see faults.py
  break-off METHOD, mend
  refuse, listen                        closes its listening socket, opens it again
  drop-puts, keep-puts
  hold-hand-over, go-on                 whoever leaves or joins, it puts nothing before it may go on
  is-held                               whether it would put now, and waits
  ring-add HOST:PORT, ring-drop HOST:PORT   changes its ring, and tells nobody
"""
import io
import json
import threading

from seed_peer.ring import location_of

STDIN = 0


def say(line):
    """One line on stdout, whole, whichever thread says it."""
    print(line + "\n", end="", flush=True)


class Console:
    def __init__(self, node, faults, listening_socket):
        self._node = node
        self._faults = faults
        self._socket = listening_socket
        self._commands = {
            "ring": lambda: self._node.ring.names(),
            "items": lambda: dict(getattr(self._node, "items", {})),
            "keys": lambda: [key for key, value in list(self._node.items.items()) if value],
            "faults": faults.describe,
            "mute": lambda: faults.mute(True),
            "mute-on": faults.mute_on,
            "unmute": faults.unmute,
            "break-off": faults.break_off,
            "mend": faults.mend,
            "refuse": self._refuse,
            "listen": lambda: faults.refuse(False),
            "drop-puts": lambda: faults.drop_puts(True),
            "keep-puts": lambda: faults.drop_puts(False),
            "hold-hand-over": lambda: faults.hold_hand_over(True),
            "go-on": lambda: faults.hold_hand_over(False),
            "is-held": faults.is_held,
            "ring-add": lambda name: self._node.ring.add(location_of(name)),
            "ring-drop": lambda name: self._node.ring.remove(location_of(name)),
        }

    def start(self):
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        # Unbuffered: the lock of a buffered stdin would be held here while the interpreter wants it for its end.
        for line in io.FileIO(STDIN, closefd=False):
            words = line.decode().split()
            if words:
                say(json.dumps(self._obey(*words)))

    def _obey(self, word, *arguments):
        try:
            return {word: self._commands[word](*arguments)}
        except (KeyError, TypeError, ValueError) as failure:
            return {"error": f"{word}: {failure!r}"}

    def _refuse(self):
        self._faults.refuse(True)
        self._socket.refuse()
