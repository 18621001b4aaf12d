"""Rules about the project's own files: what they may say, hold and leave out."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

from tests.kit.root import ROOT

LOCKS = ("deploy/requirements.lock", "tests/requirements.lock")
TOP_LEVEL = {
    "pyproject.toml", "README.md", "bridge", "deploy", "grafana", "tests", "Dockerfile", "bench",
    "docs", "Makefile", "CHANGELOG.md",
}  # fmt: skip
MADE = {"__pycache__", "build", "dist", "nofos-bridge-data"}
FIRST_SCREEN = 40
MOST_LINES = 250
"""For a module of the bridge: as long as its idea."""
LONGER = {
    "bridge/core/fields/catalogue.py": "a table",
    "bridge/settings/sections.py": "a table",
}
# Put together here, so that this file does not say them itself.
REGISTRIES = tuple(
    f"{name}{end}" for name, end in (("py", "pi.org"), ("python", "hosted.org"), ("debian", ".org"))
)
MACHINE_PATH = re.compile(
    r"(?<![\w.~<*{}-])/(?:" + "|".join(("home", "root", "Users", "work")) + r")/\w"
)
ESCAPES = {"skip", "skipif", "skipTest", "importorskip", "xfail"}


def is_made(path: Path) -> bool:
    """Whether tools made it, in a tree that git does not know."""
    return any(part in MADE or part.endswith(".egg-info") for part in path.parts)


def is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def project_files() -> list[Path]:
    """Relative to the root: tracked and new ones where git tells, else all but dot-files."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        found = [Path(name.decode()) for name in listing.stdout.split(b"\0") if name]
    else:
        every = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        found = [path for path in every if not is_hidden(path) and not is_made(path)]
    return sorted(path for path in found if (ROOT / path).is_file())


def text_of(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def sources(folder: str) -> list[Path]:
    return [path for path in project_files() if path.parts[0] == folder and path.suffix == ".py"]


def parsed(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def unhashed(lock: str) -> list[str]:
    """The packages of a lock file that have no hash of their own."""
    entries = re.split(r"\n(?=[a-zA-Z0-9])", "\n" + lock)[1:]
    return [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]


def pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock, flags=re.MULTILINE))


def swallows_everything(tree: ast.Module) -> bool:
    """Whether some `except` there takes every exception, and does not raise it again."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise):
            names = {name.id for name in ast.walk(node.type or node) if isinstance(name, ast.Name)}
            if node.type is None or names & {"Exception", "BaseException"}:
                return True
    return False


def names_used(tree: ast.Module) -> set[str]:
    """The names behind a dot, and the imported ones."""
    nodes = list(ast.walk(tree))
    dotted = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return dotted | {node.name for node in nodes if isinstance(node, ast.alias)}


def test_every_locked_package_has_hashes() -> None:
    locks = (*LOCKS, "tests/kubernetes.lock", "bench/requirements.lock")
    assert {name: unhashed(text_of(Path(name))) for name in locks} == {name: [] for name in locks}


def test_a_locked_package_without_a_hash_is_noticed() -> None:
    lock = "# head\naiohttp==1.0 \\\n    --hash=sha256:ab\n    # via x\ntyper==2.0\n    # via y\n"
    assert unhashed(lock) == ["typer==2.0"]


def test_both_lock_files_pin_the_same_versions() -> None:
    runs, tests = (pinned(text_of(Path(name))) for name in LOCKS)
    assert len(runs) > 8
    assert {
        name: tests[name] for name in runs.keys() & tests.keys() if tests[name] != runs[name]
    } == {}


def test_no_file_names_a_package_registry() -> None:
    named = [
        f"{path}: {host}"
        for path in project_files()
        for host in REGISTRIES
        if host in text_of(path)
    ]
    assert named == []


def test_no_file_names_a_place_on_a_machine() -> None:
    named = [
        f"{path}:{number}: {line.strip()}"
        for path in project_files()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert named == []


def test_nothing_else_lies_at_the_top() -> None:
    top = {path.parts[0] for path in project_files()}
    assert {name for name in top - TOP_LEVEL if not name.startswith(".")} == set()


def test_every_module_of_the_bridge_says_what_it_is_for() -> None:
    silent = [str(path) for path in sources("bridge") if not ast.get_docstring(parsed(path))]
    assert sources("bridge")
    assert silent == []


def test_no_module_of_the_bridge_is_long_without_a_reason() -> None:
    lines = {path.as_posix(): text_of(path).count("\n") for path in sources("bridge")}
    long = {path for path, count in lines.items() if count > MOST_LINES}
    assert long - LONGER.keys() == set()
    assert LONGER.keys() - lines.keys() == set()


def test_only_the_boundaries_and_the_pipeline_swallow_every_exception() -> None:
    greedy = [path.as_posix() for path in sources("bridge") if swallows_everything(parsed(path))]
    assert greedy == [
        "bridge/ingest/boundary.py", "bridge/ingest/pipeline.py",
        "bridge/runtime/task_boundary.py",
    ]  # fmt: skip


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    assert {str(path) for path in sources("tests") if names_used(parsed(path)) & ESCAPES} == set()


def left_open(tree: ast.Module) -> list[int]:
    """Lines whose `with` ends a transaction, but not the connection to SQLite it is about."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.With | ast.AsyncWith)
        for item in node.items
        if isinstance(item.context_expr, ast.Call)
        and ast.unparse(item.context_expr.func) == "sqlite3.connect"
    ]


def test_no_connection_to_sqlite_is_left_open_by_a_with() -> None:
    """Python 3.13 warns of it, in whichever test the connection is collected."""
    paths = [*sources("bridge"), *sources("tests"), *sources("bench")]
    assert {str(path): lines for path in paths if (lines := left_open(parsed(path)))} == {}


def test_a_connection_to_sqlite_that_a_with_leaves_open_is_noticed() -> None:
    text = "with {}:\n    pass\n"
    assert left_open(ast.parse(text.format("sqlite3.connect('a') as b"))) == [1]
    assert left_open(ast.parse(text.format("closing(sqlite3.connect('a')) as b"))) == []


def test_the_first_screen_of_the_readme_has_both_commands() -> None:
    screen = "\n".join(text_of(Path("README.md")).splitlines()[:FIRST_SCREEN])
    assert "make demo" in screen
    assert "make test" in screen
