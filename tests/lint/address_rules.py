"""Who may make the text of an address, or take it apart? One place in each language; elsewhere an IPv6 address would sooner
or later lose its brackets."""
import re

from source_tree import Finding, SourceFile, SourceTree, line_of

# Where it is done, and where a wire of others' is spoken.
CPP_HOMES = {"sdk/include/p2p/node_address.h", "sdk/src/node_address.cc"}
CPP_FOLDERS = ("sdk/", "host/", "plugins/", "lib/", "clients/cpp/", "tests/history/", "tests/cluster/")
PYTHON_HOMES = {"clients/python/p2p_client/view.py", "tests/cluster/harness/address.py"}
PYTHON_FOLDERS = ("clients/python/", "tests/cluster/harness/", "tests/cluster/seed_peer/")

_COLON = r"""(?:':'|":"|"\]:"|'\]:')"""
CPP_FORMS = [
    re.compile(r"""\b(?:rfind|find_last_of)\(\s*(?:':'|":")"""),  # where the port begins
    re.compile(r"""\w*(?:address|host)\w*(?:\(\))?(?:\.to_string\(\)|\.c_str\(\))?\s*(?:\+|<<)\s*""" + _COLON, re.IGNORECASE),
    re.compile(_COLON + r"""\s*(?:\+|<<)\s*[\w:.]*\(?[\w.:>()-]*port\b""", re.IGNORECASE),
    re.compile(r"""'\['\s*\+|"\["\s*\+\s*\w*(?:address|host)""", re.IGNORECASE),
    re.compile(r'''"[^"\n]*(?:\{\}|\]|%s):(?:\{\}|%[du]|%hu)[^"\n]*"[^;]*\bport\b''', re.IGNORECASE),
]
PYTHON_FORMS = [
    re.compile(r"""\.(?:rpartition|rsplit|partition|split)\(\s*(?:":"|':')"""),
    re.compile(r"""f(["'])(?:(?!\1)[^\n])*(?:\}|\]|\d|localhost):\{[^}\n]*\bport\b""", re.IGNORECASE),
    re.compile(r"""%s:%[du]|\{\}:\{\}"""),
    re.compile(r"""(?:":"|':'|"\]:"|'\]:')\s*\+\s*str\("""),
]
_COMMENT = re.compile(r'(?P<kept>"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')|//[^\n]*|/\*.*?\*/', re.DOTALL)


def check(tree: SourceTree):
    for file in tree.below(*CPP_FOLDERS):
        if file.is_cpp and file.path not in CPP_HOMES:
            yield from findings(file, without_comments(file.text), CPP_FORMS, "p2p::NodeAddress's name() and parse_node_address()")
    for file in tree.below(*PYTHON_FOLDERS):
        if file.path.endswith(".py") and file.path not in PYTHON_HOMES:
            home = "p2p_client.view" if file.path.startswith("clients/") else "harness.address"
            yield from findings(file, file.text, PYTHON_FORMS, home)


def findings(file: SourceFile, text: str, forms: list, home: str):
    lines = {line_of(text, match.start()) for form in forms for match in form.finditer(text)}
    for line in sorted(lines):
        yield Finding(file.path, line, "address", f"the text of an address is made and taken apart by {home} alone")


def without_comments(text: str) -> str:
    return _COMMENT.sub(lambda match: match["kept"] or re.sub(r"[^\n]", " ", match.group()), text)
