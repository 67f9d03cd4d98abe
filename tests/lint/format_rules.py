"""Is C++ written as .clang-format says? Asks the tool itself, and counts columns, which it leaves alone where it cannot break."""
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from source_tree import Finding, SourceTree

COLUMNS_MAX = 120  # ColumnLimit of .clang-format
FILES_A_RUN = 60   # a fifth of a second

TOOL = "clang-format"
_VIOLATION = re.compile(r"^(?P<path>.+?):(?P<line>\d+):\d+: (?:error|warning): .*\[-Wclang-format-violations\]$", re.MULTILINE)


def check(tree: SourceTree):
    files = tree.cpp()
    for file in files:
        yield from check_columns(file)
    # Templates of headers are not C++ before they are configured.
    yield from check_format(tree, [file.path for file in files if not file.path.endswith(".in")])


def check_columns(file):
    for number, line in enumerate(file.text.splitlines(), 1):
        if len(line) > COLUMNS_MAX:
            yield Finding(file.path, number, "columns", f"{len(line)} columns, the limit is {COLUMNS_MAX}")


def check_format(tree: SourceTree, paths: list[str]):
    if not (tree.root / ".clang-format").exists():
        yield Finding(".clang-format", 1, "format", "is missing: it says how C++ is written")
        return
    if shutil.which(TOOL) is None:
        yield Finding(".clang-format", 1, "format", f"{TOOL} is not installed; ./dev lint installs it")
        return
    runs = [paths[at:at + FILES_A_RUN] for at in range(0, len(paths), FILES_A_RUN)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for found in pool.map(lambda run: unformatted(tree, run), runs):
            yield from found


def unformatted(tree: SourceTree, paths: list[str]) -> list[Finding]:
    """One finding a file, at its first line that would change."""
    done = subprocess.run([TOOL, "--dry-run", "-Werror", "--style=file", *paths], cwd=tree.root, capture_output=True, text=True)
    first = {}
    for match in _VIOLATION.finditer(done.stderr):
        first.setdefault(match["path"], int(match["line"]))
    if done.returncode and not first:
        return [Finding(paths[0], 1, "format", f"{TOOL} failed: {done.stderr.strip()}")]
    return [Finding(path, line, "format", f"not as {TOOL} writes it: {TOOL} -i {path}") for path, line in first.items()]
