"""Rules of the house that no linter keeps."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src" / "tradeloop").rglob("*.py"))
FORBIDDEN_WORDS = {
    "utils",
    "util",
    "manager",
    "helper",
    "helpers",
    "service",
    "handler",
}


def tree(path):
    return ast.parse(path.read_text("utf-8"))


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_can_be_held_in_the_head(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= 350, f"{name(path)} has {lines} lines"


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.name == "__init__.py"], ids=name
)
def test_a_package_init_holds_names_and_no_code(path):
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr)
    odd = [type(n).__name__ for n in tree(path).body if not isinstance(n, allowed)]
    assert odd == []


def test_no_module_is_called_by_a_word_that_says_nothing():
    assert [name(p) for p in SOURCES if p.stem in FORBIDDEN_WORDS] == []


def test_nothing_that_runs_code_on_loading_is_imported():
    banned = {"pickle", "joblib", "cloudpickle", "dill", "shelve", "marshal"}
    found = []
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found += [(name(path), n) for n in names if n.split(".")[0] in banned]
    assert found == []


def test_every_public_name_of_a_package_exists():
    for path in SOURCES:
        if path.name != "__init__.py":
            continue
        body = tree(path).body
        known = {
            alias.asname or alias.name
            for node in body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        } | {
            target.id
            for node in body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (
                node.targets if isinstance(node, ast.Assign) else [node.target]
            )
            if isinstance(target, ast.Name)
        }
        listed = next(
            (
                ast.literal_eval(node.value)
                for node in body
                if isinstance(node, ast.Assign)
                and ast.unparse(node.targets[0]) == "__all__"
            ),
            [],
        )
        assert set(listed) <= known, name(path)


def test_the_lock_pins_every_package_with_hashes_and_names_no_index():
    text = (ROOT / "requirements.lock").read_text("utf-8")
    pins = re.findall(r"^([a-z0-9._-]+)==", text, flags=re.MULTILINE)
    assert len(set(pins)) > 50
    assert "://" not in text
    assert text.count("--hash=sha256:") >= len(pins)


def test_decisions_are_numbered_without_gaps_and_half_a_page_each():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(p.name[:4]) for p in pages] == list(range(1, len(pages) + 1))
    assert all(len(p.read_text("utf-8").splitlines()) <= 45 for p in pages)
