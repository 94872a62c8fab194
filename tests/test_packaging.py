"""What is shipped, what an import costs, and whether the written promises (README, docstrings, source rules) hold."""

import ast
import doctest
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import import_module
from pathlib import Path, PurePosixPath

import numpydoc.validate
import pytest

from mathlib._lib.result import Result

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS = {"mathlib": "mathlib", "gpu": "mathlib/gpu", "symbolic": "mathlib/symbolic"}  # checkout -> wheel
PUBLIC = tuple(f"mathlib{room}" for room in ("", ".estimators", ".gpu", ".optimize", ".special", ".stats", ".symbolic"))
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def shipped_names() -> dict[str, Path]:
    """Return name in the wheel -> file in the checkout, for all that belongs to the package."""
    return {
        str(PurePosixPath(target, path.relative_to(ROOT / folder).as_posix())): path
        for folder, target in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.suffix == ".py" or path.name in ("py.typed", "words.h")
    }


def module_name(path: Path) -> str:
    """Return the import name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "mathlib" else ("mathlib", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of the working tree, built from a copy so that no build folder is left behind or picked up."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    run = subprocess.run([*command, "--wheel-dir", built, source], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    (path,) = built.glob("*.whl")
    return path


def test_wheel_holds_the_package_and_nothing_else(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == set(shipped_names())
    assert {"mathlib/py.typed", "mathlib/gpu/words.h"} <= names


def test_wheel_has_one_top_level_name_and_its_license(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {PurePosixPath(name).parts[0] for name in names}
    assert tops == {"mathlib", f"mathlib_numerics-{PROJECT['project']['version']}.dist-info"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_every_folder_of_the_package_is_listed():
    folders = {module_name(path) for path in SOURCES if path.name == "__init__.py"}
    assert folders == set(PROJECT["tool"]["setuptools"]["packages"])


def test_version_is_that_of_the_project():
    assert import_module("mathlib").__version__ == PROJECT["project"]["version"]


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter has after a statement."""
    code = f"{statement}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout))


@pytest.mark.parametrize("module", ["mathlib", "mathlib.special", "mathlib.stats"])
def test_import_is_light(module):
    heavy = {"numba", "llvmlite", "scipy", "sympy", "mpmath", "flint", "cupy", "sklearn"}
    assert not loaded_by(f"import {module}") & heavy


def test_mapped_folders_are_no_top_level_modules():
    loaded = loaded_by("import mathlib.gpu, mathlib.symbolic")
    assert {"mathlib.gpu", "mathlib.symbolic"} <= loaded
    assert not loaded & {"gpu", "symbolic"}


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_exist_and_are_sorted_out(name):
    module = import_module(name)
    assert module.__doc__
    assert len(set(module.__all__)) == len(module.__all__)
    for public in module.__all__:
        assert hasattr(module, public), public
        assert not public.startswith("_") or public == "__version__"


@pytest.mark.parametrize("name", PUBLIC)
def test_docstrings_are_complete(name):
    module = import_module(name)
    skipped = set(PROJECT["tool"]["numpydoc_validation"]["checks"]) - {"all"}
    problems = [
        f"{public}: {code} {text}"
        for public in module.__all__
        if callable(getattr(module, public))
        for code, text in numpydoc.validate.validate(f"{name}.{public}")["errors"]
        if code not in skipped
        # the fields of a result are its attributes; nobody calls its constructor
        and not (code == "PR01" and Result in getattr(getattr(module, public), "__mro__", ()))
    ]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", sorted({module_name(path) for path in SOURCES} - {"mathlib.__main__"}))
def test_examples_in_docstrings(name):
    assert doctest.testmod(import_module(name)).failed == 0


def test_readme_example():
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("```", "")
    example = doctest.DocTestParser().get_doctest(text, {}, "README.md", "README.md", 0)
    assert doctest.DocTestRunner().run(example) == (0, len(example.examples))
    assert example.examples


def test_readme_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    for command in ('python -m pip install -e ".[test]"', "python -m mathlib", "python -m pytest"):
        assert lines.count(command) == 1, command
    assert "pip install mathlib" not in text


def test_lock_names_no_registry():
    text = (ROOT / "tests" / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    entries = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
    assert len(entries) > 20
    assert all("==" in line for line in entries)


def calls_of(tree: ast.AST) -> set[str]:
    """Return the names of everything called in a syntax tree: ``f`` for both f() and x.f()."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {getattr(function, "id", getattr(function, "attr", "")) for function in calls}


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_forbidden_constructs(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    nodes = list(ast.walk(tree))
    imported = {alias.name.partition(".")[0] for n in nodes if isinstance(n, ast.Import) for alias in n.names}
    imported |= {(n.module or "").partition(".")[0] for n in nodes if isinstance(n, ast.ImportFrom)}
    constants = (n for n in nodes if isinstance(n, ast.keyword) and isinstance(n.value, ast.Constant))
    keywords = {(n.arg, n.value.value) for n in constants}
    assert not imported & {"pickle", "marshal", "shelve", "dill", "gpu", "symbolic"}
    assert not calls_of(tree) & {"eval", "sympify", "parse_expr", "lambdify"}
    assert not keywords & {("parallel", True), ("target", "parallel"), ("fastmath", True), ("allow_pickle", True)}
    assert all(n.level == 0 for n in nodes if isinstance(n, ast.ImportFrom)), "relative import"
    for handler in (n for n in nodes if isinstance(n, ast.ExceptHandler)):
        silent = all(isinstance(n, ast.Pass) for n in handler.body)
        broad = handler.type is None or getattr(handler.type, "id", "") in ("Exception", "BaseException")
        assert handler.type is not None, f"bare except in line {handler.lineno}"
        assert not (broad and silent), f"swallowed error in line {handler.lineno}"
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)
    assert "NotImplementedError" not in text
