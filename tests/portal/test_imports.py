"""Importing people in the portal: upload, map, rehearse, make, take the result along."""

import csv
import io
from datetime import timedelta

import pytest

from idp import jobs
from idp.changes import apply, imports
from idp.changes.intents import RemoveRole
from idp.clock import now
from idp.directory import queries
from idp.directory.views import UserView
from idp.extensions import writing
from idp.importing import run
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site

NEW = "/identity/people/import"


def work(site: Site) -> None:
    """Let a worker do all that is due."""
    with site.app.app_context():
        while jobs.bring(site.app.config["CHAMBERLAIN"]):
            pass


def upload(visitor: Visitor, text: str | bytes, name: str = "people.csv") -> Visitor:
    content = text if isinstance(text, bytes) else text.encode()
    visitor.get(NEW)
    return visitor.submit("Upload and map the columns", file=(io.BytesIO(content), name))


def person(site: Site, name: str) -> UserView | None:
    with site.app.app_context():
        return queries.find_user_by_name(site.cast.alice, name)


def rows(visitor: Visitor) -> list[list[str]]:
    """The file that the page links to."""
    url = visitor.page.xpath("//a[contains(., 'Download the result')]/@href")[0]
    text = visitor.client.get(url).get_data().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


FILE = (
    "Benutzername;Vorname;Nachname;E-Mail;Abteilung;Gruppen\n"
    "ada@northwind.example;Ada;Lovelace;ada@northwind.example;Forschung;Sales|Lyon\n"
    "erin@northwind.example;Erin;O’Brien;;Küche;\n"
    "bob@northwind.example;Bob;Núñez;;;\n"
    "ada@northwind.example;Eine;Andere;;;\n"
    ";Ohne;Namen;;;\n"
    "eve@northwind.example;Eve;;;;Nowhere\n"
)


def test_a_file_is_mapped_rehearsed_imported_and_told(site: Site, alice: Visitor) -> None:
    upload(alice, FILE)
    chosen = alice.page.xpath("//select/option[@selected]/@value")
    assert chosen[:4] == ["userName", "name.givenName", "name.familyName", "emails"]
    assert chosen[5] == "groups"
    alice.submit("Rehearse")
    assert "Being rehearsed" in alice.text
    assert alice.page.xpath("//progress/@max") == ["6"]
    work(site)
    alice.get(alice.path)
    assert "Nothing is changed yet" in alice.text
    assert person(site, "ada@northwind.example") is None
    told = {row[0]: row[1:] for row in _table(alice)}
    assert told["5"][1] == "Row 2 is about the same person; only that one counts."
    assert "A person needs a user name" in told["6"][1]
    assert told["7"][1] == "There is no group named Nowhere."
    alice.submit("Import")
    work(site)
    alice.get(alice.path)
    assert "Imported" in alice.text
    made = person(site, "ada@northwind.example")
    assert made is not None
    assert made.department == "Forschung"
    with site.app.app_context():
        names = {one.display_name for one in queries.groups_of(site.cast.alice, made.id)}
    assert names == {"Sales", "Lyon"}
    head, *body = rows(alice)
    assert head[-4:] == ["status", "code", "message", "id"]
    assert [row[-4] for row in body] == [
        "created",
        "updated",
        "unchanged",
        "refused",
        "refused",
        "refused",
    ]
    assert body[0][-1] == made.id
    assert {row[-3] for row in body[3:]} == {"row_repeated", "user_name_missing", "group_unknown"}


def _table(visitor: Visitor) -> list[list[str]]:
    return [
        [" ".join(cell.text_content().split()) for cell in row.findall("td")]
        for row in visitor.page.xpath("//tbody/tr")
    ]


def imported(site: Site, visitor: Visitor, text: str | bytes) -> Visitor:
    upload(visitor, text).submit("Rehearse")
    work(site)
    visitor.get(visitor.path).submit("Import")
    work(site)
    return visitor.get(visitor.path)


def test_a_result_file_can_be_given_back(site: Site, alice: Visitor) -> None:
    imported(site, alice, "userName,title,phone\nann,=Boss,+44 1\n,Clerk,\n")
    (head, first, second) = rows(alice)
    assert first[1:3] == ["'=Boss", "'+44 1"]
    second[0] = "ben"
    text = io.StringIO()
    csv.writer(text).writerows([head, first, second])
    upload(alice, text.getvalue()).submit("Rehearse")
    work(site)
    alice.get(alice.path).submit("Import")
    work(site)
    assert [row[4] for row in rows(alice.get(alice.path))] == ["status", "unchanged", "created"]
    ann = person(site, "ann")
    assert ann is not None
    assert ann.title == "=Boss"


def test_what_another_source_owns_is_refused_by_row_with_its_owner(
    site: Site, alice: Visitor
) -> None:
    imported(site, alice, "username,title\nerin@northwind.example,Boss\nann,Boss\n")
    assert [row[-4:-2] for row in rows(alice)[1:]] == [
        ["refused", "attribute_owned"],
        ["created", ""],
    ]
    assert "comes from HR" in alice.text


def test_who_is_beyond_the_importers_reach_is_refused(site: Site) -> None:
    carol = site.visitor("carol")
    ids = f"{site.cast.mallory.id},x\n{site.cast.alice.id},x\n{site.cast.bob.id},x\n"
    imported(site, carol, "id,title\n" + ids)
    assert [row[2:4] for row in rows(carol)[1:]] == [
        ["refused", "row_id_unknown"],
        ["refused", "target_holds_role"],
        ["updated", ""],
    ]
    assert [row[0] for row in rows(carol)[1:]][2] == site.cast.bob.id


def test_an_empty_cell_leaves_what_is_there(site: Site, alice: Visitor) -> None:
    imported(site, alice, "userName,title,active\nann,Cook,yes\n")
    imported(site, alice, "userName,title,active\nann,,nein\n")
    ann = person(site, "ann")
    assert ann is not None
    assert (ann.title, ann.status) == ("Cook", "disabled")


def test_a_manager_stands_above_or_is_here(site: Site, alice: Visitor) -> None:
    text = "userName,manager\nben,bob@northwind.example\nann,ben\ncat,dan\ndan,\n"
    imported(site, alice, text)
    assert [row[-4] for row in rows(alice)[1:]] == ["created", "created", "refused", "created"]
    ann, ben = person(site, "ann"), person(site, "ben")
    assert ann is not None
    assert ben is not None
    assert ann.manager_id == ben.id


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "Choose a file"),
        (b"   \n", "The file is empty"),
        (b"\x81\x8d\xff", "no text that can be read"),
        (b'a,b\n"x', "cannot be read: check its quotes"),
        (b"userName\n", "1 to 100000 rows"),
        (b",,\nx,y,z\n", "must hold headings"),
    ],
)
def test_what_is_no_table_is_refused_beside_its_field(
    alice: Visitor, content: bytes, sentence: str
) -> None:
    if not content:
        alice.get(NEW).submit("Upload and map the columns")
    else:
        upload(alice, content)
    assert alice.answer.status_code == 422
    assert sentence in alice.text


def test_a_mapping_names_who_is_meant_and_each_thing_once(alice: Visitor) -> None:
    upload(alice, "a,b\nx,y\n").submit("Rehearse")
    assert alice.answer.status_code == 422
    assert "Say which column holds the user name" in alice.text
    fields = {"column-0": "userName", "column-1": "userName"}
    alice.submit("Rehearse", **fields)
    assert "Two columns are mapped to userName" in alice.text
    alice.submit("Rehearse", **{"column-0": "userName", "column-1": "password"})
    assert "does not exist" in alice.text


def test_an_import_is_cancelled_and_what_was_made_stays(
    site: Site, alice: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 2)
    upload(alice, "userName\n" + "".join(f"u{n}\n" for n in range(6))).submit("Rehearse")
    work(site)
    alice.get(alice.path).submit("Import")
    with site.app.app_context():
        jobs.bring(site.app.config["CHAMBERLAIN"])
    alice.get(alice.path)
    assert "2 of 6 rows" in alice.text
    alice.submit("Cancel the import")
    work(site)
    assert "Cancelled" in alice.get(alice.path).text
    assert person(site, "u1")
    assert person(site, "u2") is None
    assert [row[-4] for row in rows(alice)[1:]] == ["created"] * 2 + ["waiting"] * 4


def test_nobody_else_sees_an_import_and_an_old_button_does_nothing(
    site: Site, alice: Visitor
) -> None:
    upload(alice, "userName\nann\n")
    url = alice.path
    for name, status in (("carol", 404), ("heidi", 403), ("mallory@contoso.example", 404)):
        other = site.visitor(name).get(url)
        assert other.answer.status_code == status
        other.get("/me").post(f"{url}/commit")
        assert other.answer.status_code == status
    alice.post(f"{url}/commit")
    assert "has gone on meanwhile" in alice.text
    assert person(site, "ann") is None


def test_who_lost_their_role_meanwhile_imports_nothing(site: Site) -> None:
    carol = site.visitor("carol")
    upload(carol, "userName\nann\n").submit("Rehearse")
    url = carol.path
    with site.app.app_context():
        held = queries.role_holders(site.cast.alice, user_id=site.cast.carol.id)[0].id
        apply(RemoveRole(held), by=site.cast.alice)
    work(site)
    assert "may no longer change people" in site.visitor("alice").get(url).text


def test_a_file_goes_on_its_day(site: Site, alice: Visitor) -> None:
    upload(alice, "userName\nann\n")
    with site.app.app_context():
        view = imports.find_import(site.cast.alice, alice.path.rpartition("/")[2])
        assert timedelta(days=6) < view.ends_at - now() <= imports.KEPT
        with writing() as session:
            session.query(imports.Import).update({"ends_at": now() - timedelta(seconds=1)})
        assert imports.sweep() == 2  # and the site's own
    assert alice.get(alice.path).answer.status_code == 404


def test_the_template_maps_itself(site: Site, alice: Visitor) -> None:
    content = alice.client.get(f"{NEW}/template.csv").get_data()
    upload(alice, content, "template.csv")
    unmapped = alice.page.xpath("//main//select[not(option[@selected])]/@aria-label")
    assert unmapped == []
