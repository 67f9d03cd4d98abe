"""What may stand in a file? Its length, its guard, and words that belong on a developer's machine only."""
import re

from source_tree import Finding, SourceFile, SourceTree

# A reader keeps about this much of one question in mind; the file with more asks two (decided with the layout).
LINES_MAX = 500
LONG_SUFFIXES = (".h", ".cc", ".cpp", ".c", ".h.in", ".py", ".sh", ".cmake", "CMakeLists.txt", ".thrift", "/dev")

# Plain C: its guard is a macro.
C_HEADERS = {"sdk/include/p2p/abi.h"}

# A machine's own folders; behind a letter, a dot or a variable they are part of a longer path, which is fine.
MACHINE_PATH = re.compile(r"(?<![\w.}\])$>-])/(?:work|home|root|Users|farm)/\w")
UNFINISHED = re.compile(r"\bTODO\b(?!\((?:soon|someday|perf)\)|\(\w+\|)|\bFIXME\b|^(?:<{7}|>{7}) ", re.MULTILINE)

# These files speak about the forbidden words.
ABOUT_WORDS = ("tests/lint/",)


def check(tree: SourceTree):
    for file in tree.files.values():
        if is_binary(file):
            continue
        yield from check_length(file)
        yield from check_guard(file)
        yield from check_words(file)


def is_binary(file: SourceFile) -> bool:
    return "\0" in file.text[:8000]


def check_length(file: SourceFile):
    lines = file.text.count("\n")
    if ("/" + file.path).endswith(LONG_SUFFIXES) and lines > LINES_MAX:
        yield Finding(file.path, LINES_MAX + 1, "length",
                      f"{lines} lines, the limit is {LINES_MAX}: find the second question that the file answers, and move it")


def check_guard(file: SourceFile):
    if not file.is_header or file.path in C_HEADERS:
        return
    directives = re.findall(r"^[ \t]*#[ \t]*(\w+[ \t]*\w*)", file.code, re.MULTILINE)
    if not directives or re.split(r"[ \t]+", directives[0])[:2] != ["pragma", "once"]:
        yield Finding(file.path, 1, "guard", "the first directive of a header is '#pragma once'")


def check_words(file: SourceFile):
    if file.path.startswith(ABOUT_WORDS):
        return
    for number, line in enumerate(file.text.splitlines(), 1):
        if match := MACHINE_PATH.search(line):
            yield Finding(file.path, number, "machine-path", f"'{match.group()}...' exists on one machine only")
        if match := UNFINISHED.search(line):
            yield Finding(file.path, number, "unfinished",
                          f"'{match.group().strip()}': what stays is TODO(soon|someday|perf) and a sentence")
