"""What may the Python client know? Python itself, the packaged Thrift library, and its own modules; its rules know no world."""
import ast
import re
import sys

from source_tree import Finding, SourceTree

CLIENT = "clients/python/"

# Modules of rules alone: the time is told, bytes and outcomes are arguments and results.
PURE = re.compile(r"clients/python/p2p_client/(errors|placement|fingerprint|view|outcome|jobs|rounds|codec|framing)\.py")
WORLD = {"asyncio", "concurrent", "multiprocessing", "os", "pathlib", "select", "selectors", "signal", "socket", "ssl",
         "subprocess", "tempfile", "time"}


def check(tree: SourceTree):
    for file in tree.below(CLIENT):
        if not file.path.endswith(".py"):
            continue
        for line, name in imports_of(file.text):
            if name not in sys.stdlib_module_names | {"thrift", "p2p_client"}:
                yield Finding(file.path, line, "fence", f"the package must not need '{name}'")
            elif name in WORLD and PURE.fullmatch(file.path):
                yield Finding(file.path, line, "pure", f"'{name}' is of the world; this module holds rules only")


def imports_of(text: str):
    """(line, first part of the name) of every import, wherever it stands."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "p2p_client" if node.level else (node.module or "").split(".")[0]
