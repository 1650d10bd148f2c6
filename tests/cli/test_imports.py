"""`flask user import`: people from a CSV file at the console."""

import csv
import json
from pathlib import Path

from idp.directory import queries
from idp.directory.values import user_name_key
from tests.cast import Cast
from tests.cli.conftest import Run

TEXT = "Login;Given name;Badge\nann;Ann;7\nbob@northwind.example;Bob;\n;Nobody;\nann;Other;\n"


def written(tmp_path: Path, text: str = TEXT) -> str:
    file = tmp_path / "people.csv"
    file.write_text(text, "utf-8")
    return str(file)


def known(people: Cast, name: str) -> bool:
    return queries.find_user_by_name(people.operator, user_name_key(name)) is not None


def test_a_rehearsal_says_what_would_happen_and_keeps_nothing(
    people: Cast, run: Run, tmp_path: Path
) -> None:
    ran = run("user", "import", written(tmp_path), "--org", "northwind", "--dry-run", "--json")
    data = json.loads(ran.out)
    assert ran.code == 1
    assert "2 of 4 rows are refused." in ran.err
    assert (data["created"], data["updated"], data["unchanged"], data["refused"]) == (1, 0, 1, 2)
    assert data["columns"] == {"Login": "userName", "Given name": "name.givenName"}
    assert [one["row"] for one in data["errors"]] == [4, 5]
    assert not known(people, "ann")


def test_people_are_made_and_the_result_is_written(people: Cast, run: Run, tmp_path: Path) -> None:
    result = tmp_path / "result.csv"
    words = ("--org", "northwind", "--column", "Badge=nickName", "--result", str(result))
    ran = run("user", "import", written(tmp_path), *words)
    assert "Row 4: A person needs a user name." in ran.out
    assert known(people, "ann")
    with result.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[3] for row in rows] == ["status", "created", "unchanged", "refused", "refused"]
    again = run("user", "import", str(result), "--org", "northwind", "--json")
    assert json.loads(again.out)["unchanged"] == 2


def test_a_good_file_ends_well(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path, "userName\nann\n")
    assert run("user", "import", file, "--org", "northwind", "--json").data["created"] == 1


def test_a_column_that_is_not_there_is_bad_usage(run: Run, tmp_path: Path) -> None:
    file = written(tmp_path)
    assert run("user", "import", file, "--org", "northwind", "--column", "x=title").code == 2
    assert run("user", "import", file, "--org", "northwind", "--column", "Login=x").code == 1
