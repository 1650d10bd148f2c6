"""A batch is all or nothing, names what it refuses, and can be rehearsed."""

import pytest
from flask import Flask

from idp.changes import apply
from idp.changes.intents import (
    AddMember,
    AssignRole,
    ChangeConnection,
    ChangeGroup,
    ChangeUser,
    CreateGroup,
    CreateOrganization,
    CreateUser,
    DeleteGroup,
    DeleteUser,
    IssueLink,
)
from idp.clock import new_id
from idp.directory import queries
from idp.directory.actors import system_actor
from idp.directory.errors import Conflict, DirectoryError, Forbidden, Invalid, NotFound, Stale
from tests.cast import Cast
from tests.changes.steps import group, refusals, somebody, together, written

REFUSED = {
    "a taken name": lambda _: CreateUser({"userName": "BOB@northwind.example"}),
    "no name": lambda _: CreateUser({"title": "x"}),
    "a wrong type": lambda _: CreateUser({"userName": 7}),
    "an unknown attribute": lambda _: CreateUser({"userName": "x", "shoeSize": "44"}),
    "another's domain": lambda _: CreateUser({"userName": "x@contoso.example"}),
    "nobody": lambda _: ChangeUser(new_id(), {"title": "x"}),
    "stale": lambda c: ChangeUser(c.bob.id, {"title": "x"}, expect=99),
    "owned": lambda c: ChangeUser(c.erin, {"title": "x"}),
    "the last administrator": lambda c: DeleteUser(c.alice.id),
    "no group": lambda c: AddMember(new_id(), c.bob.id),
    "no member": lambda _: CreateGroup({"displayName": "x"}, (new_id(),)),
    "an unclear name": lambda _: CreateUser({"userName": " x"}),
    "no group name": lambda _: CreateGroup({}),
}


def test_one_refused_of_a_hundred_leaves_nothing_and_is_named(people: Cast) -> None:
    good = [
        CreateUser({"userName": f"p{n}", "emails": [{"value": f"p{n}@home.example"}]})
        for n in range(98)
    ]
    good.append(CreateGroup({"displayName": "Cooks"}, (people.bob.id,)))
    before = written()
    for reason, bad in REFUSED.items():
        for place in (0, 57, 99):
            batch = [*good[:place], bad(people), *good[place:]]
            with pytest.raises(DirectoryError) as refused:
                apply(*batch, by=people.operator)
            assert refused.value.index == place, reason
            assert refused.value.sentence.endswith((".", "?")), reason
        assert written() == before, reason


def test_an_empty_batch_is_nothing(people: Cast) -> None:
    before = written()
    assert not apply(by=people.operator).changed
    assert written() == before


def test_what_was_read_before_may_be_stale(people: Cast) -> None:
    cooks = group(people.operator, "Cooks")
    for read, change, delete in (
        (queries.find_user(people.alice, people.bob.id), ChangeUser, DeleteUser),
        (queries.find_group(people.alice, cooks), ChangeGroup, DeleteGroup),
    ):
        apply(change(read.id, {"displayName": "New"}, expect=read.version), by=people.operator)
        before = written()
        for late in (
            change(read.id, {"displayName": "Late"}, expect=read.version),
            delete(read.id, expect=read.version),
        ):
            with pytest.raises(Stale) as refused:
                apply(late, by=people.operator)
            assert refused.value.code == "version_stale"
        assert written() == before
        apply(delete(read.id, expect=read.version + 1), by=people.operator)


def test_a_connection_read_before_may_be_stale(people: Cast) -> None:
    with pytest.raises(Stale):
        apply(ChangeConnection(people.hr.id, name="Staff", expect=7), by=people.operator)


@pytest.mark.parametrize("kind", ["User", "Group"])
def test_of_two_who_read_the_same_version_one_writes(app: Flask, people: Cast, kind: str) -> None:
    cooks = group(people.operator, "Cooks")
    change, subject = (ChangeUser, people.bob.id) if kind == "User" else (ChangeGroup, cooks)
    for version in range(1, 5):
        outcomes = together(
            app,
            *(
                lambda n=n, v=version: apply(
                    change(subject, {"displayName": f"{v}-{n}"}, expect=v), by=people.operator
                )
                for n in range(3)
            ),
        )
        assert refusals(outcomes) == ["version_stale"] * 2


def test_a_rehearsal_writes_nothing(people: Cast) -> None:
    before = written()
    changes = (
        CreateUser({"userName": "dora@northwind.example"}),
        CreateGroup({"displayName": "Cooks"}, (people.bob.id,)),
        ChangeUser(people.bob.id, {"title": "Cook"}),
        IssueLink(people.bob.id, "reset", deliver=True),
    )
    outcome = apply(*changes, by=people.operator, dry_run=True)
    assert outcome.changed
    assert [result.version for result in outcome.results[:3]] == [1, 1, 2]
    assert written() == before


def test_a_rehearsal_refuses_what_would_be_refused(people: Cast) -> None:
    with pytest.raises(Conflict):
        apply(CreateUser({"userName": "bob@northwind.example"}), by=people.operator, dry_run=True)


def test_a_rehearsal_says_when_nothing_would_change(people: Cast) -> None:
    change = ChangeUser(people.bob.id, {"displayName": "Bob Núñez"})
    assert not apply(change, by=people.operator, dry_run=True).changed


def test_a_person_is_made_and_changed_in_one_batch(people: Cast) -> None:
    dora = new_id()
    apply(
        CreateUser({"userName": "dora@northwind.example"}, id=dora),
        ChangeUser(dora, {"title": "Cook"}),
        by=people.operator,
    )
    view = queries.find_user(people.alice, dora)
    assert (view.version, view.title) == (1, "Cook")


def test_an_id_is_used_once(people: Cast) -> None:
    for change in (
        CreateUser({"userName": "x"}, id=people.bob.id),
        CreateUser({"userName": "x"}, id=people.mallory.id),
        CreateGroup({"displayName": "x"}, id=group(people.operator, "Cooks")),
    ):
        with pytest.raises(Conflict):
            apply(change, by=people.operator)
    assert queries.find_user(people.alice, people.bob.id).user_name == "bob@northwind.example"


def test_changes_of_one_person_add_up_to_one_version(people: Cast) -> None:
    outcome = apply(
        ChangeUser(people.bob.id, {"title": "Cook"}),
        ChangeUser(people.bob.id, {"nickName": "B"}),
        by=people.operator,
    )
    assert [result.version for result in outcome.results] == [2, 2]


def test_what_changes_and_changes_back_is_no_change(people: Cast) -> None:
    before = written()
    cooks = group(people.operator, "Cooks")
    before = written()
    outcome = apply(
        ChangeUser(people.bob.id, {"title": "Cook"}),
        ChangeUser(people.bob.id, {"title": None}),
        ChangeGroup(cooks, {"displayName": "Chefs"}),
        ChangeGroup(cooks, {"displayName": "Cooks"}),
        by=people.operator,
    )
    assert not outcome.changed
    assert written() == before


def test_only_the_operator_founds_organizations(people: Cast) -> None:
    with pytest.raises(Forbidden):
        apply(CreateOrganization("Mine", "mine.example"), by=people.alice)


def test_an_organization_is_founded_with_its_first_person(people: Cast) -> None:
    outcome = apply(
        CreateOrganization("Fabrikam", "fabrikam.example"),
        CreateUser({"userName": "zoe@fabrikam.example"}),
        by=system_actor(""),
    )
    org, zoe = (result.id for result in outcome.results)
    view = queries.find_user(system_actor(org), zoe)
    assert view.user_name == "zoe@fabrikam.example"
    assert queries.organization(system_actor(org)).slug == "fabrikam"


def test_two_organizations_of_one_name_have_two_addresses(people: Cast) -> None:
    for name, domain in (("Northwind", "n2.example"), ("NORTHWIND!", "n3.example")):
        apply(CreateOrganization(name, domain), by=system_actor(""))
    slugs = {queries.organization(system_actor(org)).slug for org in queries.organization_ids()}
    assert slugs == {"northwind", "northwind-2", "northwind-3", "contoso"}


def test_a_proven_domain_founds_no_second_organization(people: Cast) -> None:
    for domain in ("northwind.example", "NORTHWIND.example."):
        with pytest.raises(Conflict) as refused:
            apply(CreateOrganization("Again", domain), by=system_actor(""))
        assert refused.value.code == "domain_taken"


def test_a_change_of_no_organization_is_refused(people: Cast) -> None:
    for org in ("", new_id()):
        with pytest.raises((NotFound, Invalid)):
            apply(CreateUser({"userName": "x"}), by=system_actor(org))


def test_of_twenty_who_make_one_name_one_succeeds(app: Flask, people: Cast) -> None:
    forms = ("dora@northwind.example", "DORA@northwind.example", "ｄora@northwind.example")
    outcomes = together(
        app, *(lambda n=n: somebody(people.operator, forms[n % 3]) for n in range(20))
    )
    assert sorted(refusals(outcomes)) == ["user_name_taken"] * 19
    assert len(queries.page_people(people.alice, text="dora").items) == 1


def test_of_ten_who_make_one_group_one_succeeds(app: Flask, people: Cast) -> None:
    outcomes = together(app, *(lambda: group(people.operator, "Cooks") for _ in range(10)))
    assert refusals(outcomes) == ["group_name_taken"] * 9


def test_of_ten_who_claim_one_foreign_name_one_succeeds(app: Flask, people: Cast) -> None:
    outcomes = together(
        app,
        *(
            lambda n=n: apply(CreateUser({"userName": f"p{n}"}, external_id="X"), by=people.hr)
            for n in range(10)
        ),
    )
    assert refusals(outcomes) == ["external_id_taken"] * 9


def test_of_ten_who_found_on_one_domain_one_succeeds(app: Flask, people: Cast) -> None:
    outcomes = together(
        app,
        *(
            lambda n=n: apply(CreateOrganization(f"Org {n}", "one.example"), by=system_actor(""))
            for n in range(10)
        ),
    )
    assert refusals(outcomes) == ["domain_taken"] * 9


def test_members_added_at_once_are_all_there(app: Flask, people: Cast) -> None:
    cooks, kitchen = group(people.operator, "Cooks"), group(people.operator, "Kitchen")
    ids = [somebody(people.operator, f"p{n}") for n in range(16)]
    changes = [AddMember(cooks if n % 2 else kitchen, one) for n, one in enumerate(ids)]
    changes += [ChangeGroup(cooks, add=(one,)) for one in ids[::2]]
    outcomes = together(app, *(lambda c=change: apply(c, by=people.operator) for change in changes))
    assert refusals(outcomes) == []
    assert queries.effective_count(people.alice, cooks) == 16
    assert queries.effective_count(people.alice, kitchen) == 8
    assert queries.find_group(people.alice, cooks).version == 1 + 16


def test_refusal_tells_of_all_that_its_step_refused(people: Cast) -> None:
    taken, free, wrong = ({"userName": n} for n in ("bob@northwind.example", "free", 7))
    with pytest.raises(Conflict) as names:
        apply(*map(CreateUser, (free, taken, taken)), by=people.operator)
    with pytest.raises(Invalid) as values:
        apply(*map(CreateUser, (wrong, free, taken, wrong)), by=people.operator)

    assert [names.value.index, *(other.index for other in names.value.also)] == [1, 2]
    assert [values.value.index, *(other.index for other in values.value.also)] == [0, 3]


def test_of_changes_that_clash_the_later_is_refused(people: Cast) -> None:
    joe, jim = somebody(people.operator, "joe"), somebody(people.operator, "jim")
    a, b = group(people.operator, "A"), group(people.operator, "B")
    for clash in (
        [ChangeUser(joe, {"userName": "x"}), CreateUser({"userName": "x"})],
        [CreateUser({"userName": "x"}), ChangeUser(jim, {"userName": "x"})],
        [ChangeGroup(b, {"displayName": "x"}), ChangeGroup(a, {"displayName": "x"})],
        [AddMember(a, b), AddMember(b, a)],
    ):
        with pytest.raises(Conflict) as refused:
            apply(*clash, by=people.operator)
        assert refused.value.index == 1


def test_of_administrators_who_leave_the_last_is_kept(people: Cast) -> None:
    second = somebody(people.operator, "second")
    apply(AssignRole(second, "global_administrator"), by=people.operator)
    for pair in ((people.alice.id, second), (second, people.alice.id)):
        with pytest.raises(Conflict) as refused:
            apply(*map(DeleteUser, pair), by=people.operator)
        assert (refused.value.code, refused.value.index) == ("last_global_administrator", 1)
