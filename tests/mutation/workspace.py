"""Where mutation testing works: copies of a commit below `build/mutate`; the checkout is never changed."""

import fcntl
import filecmp
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
ROOM = "bot/billing"
DONE = "done: "
"""How the process that tries mutants says that a module is finished."""
_OWN = Path(__file__).resolve().parent.relative_to(CHECKOUT)
_FILES = ("README.md", "CONTRIBUTING.md", "Makefile", "pyproject.toml")
_COPIED = ("bot", "tests", "config", "docs", "requirements", *_FILES)
TEST_FOLDERS = ("unit", "property", "integration", "contract", "e2e")
"""Those below `tests` whose tests are tried on mutants."""


class Busy(Exception):
    """Another process works on the same module."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder of one run's copies and results, and what is copied."""

    root: Path
    source: Path
    """A whole copy of the program and its tests, which nobody edits; or the checkout as it is."""

    @contextmanager
    def tree(self) -> Iterator[Path]:
        """A copy of the source that nobody else works in; what an earlier run left in it, is put right."""
        for number in count():
            with ExitStack() as stack:
                try:
                    stack.enter_context(self.held(f"tree-{number}"))
                except Busy:
                    continue
                yield self._copy(self.root / "trees" / str(number))
                return

    def _copy(self, tree: Path) -> Path:
        """Copies what differs only, so that compiled files and mypy's memory of the others stay good."""
        wanted = {path.relative_to(self.source) for part in _COPIED for path in _files(self.source / part)}
        wanted |= {_OWN / path.name for path in _files(CHECKOUT / _OWN)}
        for path in _files(tree):
            if path.relative_to(tree) not in wanted:
                path.unlink()
        for path in wanted:
            source = (CHECKOUT if path.parent == _OWN else self.source) / path
            target = tree / path
            if not target.exists() or not filecmp.cmp(source, target, shallow=False):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
        self._lay_beside(CHECKOUT.parent / "shared")
        return tree

    def _lay_beside(self, folder: Path) -> None:
        """The providers' descriptions lie beside the checkout, where there are any; tests look for them there."""
        beside = self.root / "trees" / folder.name
        if folder.is_dir() and not beside.is_symlink():
            beside.symlink_to(folder, target_is_directory=True)

    def folder(self, *names: str) -> Path:
        """A folder below the root, made when it is missing."""
        folder = self.root.joinpath(*names)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def modules(self) -> list[str]:
        """Every module of the room, as named below it: `charging`, `payments.replenishing`."""
        room = self.source / ROOM
        files = (path for path in room.rglob("*.py") if path.name != "__init__.py")
        return sorted(".".join(path.relative_to(room).with_suffix("").parts) for path in files)

    def test_files(self) -> list[str]:
        """Every test file that may be tried, relative to the source."""
        found = (path for each in TEST_FOLDERS for path in (self.source / "tests" / each).rglob("test_*.py"))
        return sorted(path.relative_to(self.source).as_posix() for path in found)

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Nobody else holds the same name meanwhile. Raises Busy when somebody does."""
        with (self.folder("locks") / name).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Busy(f"{name}: another run is at it") from None
            yield


def committed(root: Path) -> tuple[Workspace, str]:
    """The last commit of the checkout, taken out once, and its short name."""
    commit = _git("rev-parse", "--short=10", "HEAD").strip()
    source = root / "commits" / commit
    if not source.exists():
        unfinished = root / "commits" / f"{commit}.{os.getpid()}"
        unfinished.mkdir(parents=True)
        archive = subprocess.Popen(["git", "archive", commit], cwd=CHECKOUT, stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", str(unfinished)], stdin=archive.stdout, check=True)
        try:
            unfinished.replace(source)
        except OSError:  # another run took it out meanwhile
            shutil.rmtree(unfinished)
    return Workspace(root, source), commit


def uncommitted_paths() -> list[str]:
    """What is edited in the checkout and not committed, of the program and its tests."""
    return [line[3:] for line in _git("status", "--porcelain", "--", "bot", "tests").splitlines()]


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout


def path_of(module: str) -> str:
    """The module's file, relative to the source."""
    return f"{ROOM}/{module.replace('.', '/')}.py"


def _files(folder: Path) -> Iterator[Path]:
    """The file itself, or all files below the folder that were written by people."""
    if folder.is_file():
        yield folder
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".pyc" and ".mypy_cache" not in path.parts:
            yield path


def digest(*parts: str) -> str:
    """A short fingerprint of texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def write(path: Path, text: str) -> None:
    """The whole text or the old one: nobody reads half of it."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, "utf-8")
    fresh.replace(path)
