"""What is there to check? The files of a tree, and what each of them includes. Knows no rule."""
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

BUILD_FOLDERS = {"build", ".git", ".cache", "__pycache__"}

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(<[^>\n]+>|"[^"\n]+")', re.MULTILINE)
_COMMENT_OR_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\\ ]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)


@dataclass(frozen=True)
class Include:
    line: int
    name: str  # without brackets or quotes
    quoted: bool


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: [{self.rule}] {self.text}"


class SourceFile:
    def __init__(self, root: Path, path: str):
        self.path = path  # relative to the root, with slashes
        self._on_disk = root / path

    @cached_property
    def text(self) -> str:
        return self._on_disk.read_text(encoding="utf-8", errors="replace")

    @property
    def is_cpp(self) -> bool:
        return PurePosixPath(self.path).suffix in {".h", ".cc", ".cpp", ".c"} or self.path.endswith(".h.in")

    @property
    def is_header(self) -> bool:
        return self.path.endswith((".h", ".h.in"))

    @cached_property
    def code(self) -> str:
        """The text with comments and literals blanked out; lines keep their numbers."""
        blank = lambda match: re.sub(r"[^\n]", " ", match.group())
        return _COMMENT_OR_LITERAL.sub(blank, self.text)

    @cached_property
    def includes(self) -> list[Include]:
        without_comments = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), self.text, flags=re.DOTALL)
        return [Include(line_of(without_comments, match.start(1)), match.group(1)[1:-1], match.group(1)[0] == '"')
                for match in _INCLUDE.finditer(without_comments)]


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


class SourceTree:
    """Every file that is tracked, or would be after `git add`; without git, every file outside build folders."""

    def __init__(self, root: Path):
        self.root = root
        self.files = {path: SourceFile(root, path) for path in sorted(_list_files(root))}

    def below(self, *folders: str):
        """Files below one of the folders; a folder may also name a file, or the beginning of a file's name."""
        return [file for path, file in self.files.items() if path.startswith(folders)]

    def cpp(self):
        return [file for file in self.files.values() if file.is_cpp]


def _list_files(root: Path) -> list[str]:
    if (root / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root,
                                capture_output=True, text=True)
        if listed.returncode == 0:
            return [path for path in listed.stdout.split("\0") if path and (root / path).is_file()]
    return [path.relative_to(root).as_posix() for path in root.rglob("*")
            if path.is_file() and not BUILD_FOLDERS & set(path.relative_to(root).parts)]
