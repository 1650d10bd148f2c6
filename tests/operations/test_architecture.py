"""The shape of the house where import contracts cannot see it: who commits, who may write."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("idp", "scim", "portal")
DOORS = {"idp/cli", "idp/federation", "portal", "scim"}
MAY_WRITE = {
    "idp/changes/alarms.py",
    "idp/changes/apply.py",
    "idp/changes/board.py",
    "idp/changes/first_run.py",
    "idp/changes/followers.py",
    "idp/changes/helpdesk.py",
    "idp/changes/imports.py",
    "idp/changes/incidents.py",
    "idp/changes/journal.py",
    "idp/changes/ledger.py",
    "idp/changes/outbox.py",
    "idp/changes/provisioned.py",
    "idp/changes/seat_turns.py",
    "idp/changes/sign_ins.py",
    "idp/changes/signups.py",
    "idp/changes/tokens.py",
    "idp/changes/usage.py",
    "idp/mail.py",
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file.relative_to(ROOT).as_posix(), ast.parse(file.read_text("utf-8"))


def calls(tree: ast.Module, names: set[str]) -> list[str]:
    """The methods of these names that a module calls."""
    return [
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in names
    ]


def imported(tree: ast.Module) -> set[str]:
    """What a module imports, by full name."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_one_place_commits() -> None:
    committing = {name for name, tree in modules() if calls(tree, {"commit"})}
    assert committing == {"idp/extensions.py"}


def test_the_write_path_alone_opens_writing_transactions() -> None:
    opening = {name for name, tree in modules() if "idp.extensions.writing" in imported(tree)}
    assert opening <= MAY_WRITE


def test_no_door_touches_the_session() -> None:
    for name, tree in modules():
        if any(name.startswith(door) for door in DOORS):
            names = imported(tree)
            assert not names & {"idp.extensions.db.session", "sqlalchemy.orm.Session"}, name
            if not name.startswith("idp/cli"):  # the operator's backup and doctor look beneath
                assert "idp.extensions.db" not in names, name


def test_nobody_below_the_doors_knows_the_request() -> None:
    for name, tree in modules():
        if name.startswith(("idp/changes", "idp/directory")):
            assert not any(one.split(".")[0] in ("flask", "werkzeug") for one in imported(tree)), (
                name
            )


def test_time_and_chance_come_from_the_clock() -> None:
    sources = {"now", "utcnow", "today", "uuid4", "uuid1", "token_urlsafe", "token_bytes"}
    for name, tree in modules():
        if name.startswith(("idp/changes", "idp/directory", "idp/sessions", "idp/jobs")):
            assert not calls(tree, sources), name


def test_no_function_imports() -> None:
    for name, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = [n for n in ast.walk(node) if isinstance(n, ast.Import | ast.ImportFrom)]
                assert not inside, (name, node.name)


def test_rooms_are_named_for_what_they_hold() -> None:
    for name, _tree in modules():
        assert not {"utils", "helpers", "common", "misc"} & set(Path(name).with_suffix("").parts)


def test_every_package_tells_its_story() -> None:
    for name, tree in modules():
        assert ast.get_docstring(tree), name


def test_the_doors_are_those_that_the_app_binds() -> None:
    app = ast.parse((ROOT / "idp/app.py").read_text("utf-8"))
    bound = imported(app)
    assert {"portal", "scim", "idp.cli", "idp.federation"} <= bound
    packages = {path.name for path in (ROOT / "idp").iterdir() if (path / "__init__.py").exists()}
    assert packages == {"changes", "cli", "directory", "federation", "importing", "licensing"}
