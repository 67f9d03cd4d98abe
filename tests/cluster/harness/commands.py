"""How does a test change the system that it runs on? By commands that have to succeed."""
import subprocess


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"
