"""What all processes of a test have in common: they are told by signals, waited for, and end with the test."""
import os
import signal
import subprocess

from harness import settings

END_SECONDS = 20


class ChildProcess:
    """`kind` and `name` are for messages; `process` is None until it is launched."""

    kind = "process"
    name = ""
    process = None

    def send_signal(self, number):
        self.process.send_signal(number)

    def freeze(self):
        """Stops it where it stands; when this returns, none of its threads runs any more."""
        self.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def thaw(self):
        self.send_signal(signal.SIGCONT)

    def wait(self, seconds=END_SECONDS):
        """The exit code, once the process has ended."""
        try:
            return self.process.wait(seconds * settings.PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.kind} {self.name} still runs") from None

    def leave(self, number):
        """Ends it as an operator would; it hands over first."""
        self.send_signal(number)
        code = self.wait()
        assert code == 0, f"{self.kind} {self.name} ended with {code}:\n{self.log()}"

    def kill(self):
        self.send_signal(signal.SIGKILL)
        self.process.wait()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        raise NotImplementedError
