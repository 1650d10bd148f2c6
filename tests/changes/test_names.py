"""Sign-in names: one person each, in any case and any Unicode form; given up before claimed."""

import pytest

from idp.changes import apply
from idp.changes.intents import ChangeUser, CreateUser, DeleteUser, RestoreUser
from idp.directory import queries
from idp.directory.errors import Conflict, Forbidden, Invalid
from tests.cast import Cast
from tests.changes.steps import somebody, written

SAME_NAME = {
    "other case": ("jose@northwind.example", "JOSE@Northwind.Example"),
    "decomposed": ("jos\u00e9@northwind.example", "jose\u0301@northwind.example"),
    "composed": ("jose\u0301@northwind.example", "JOS\u00c9@northwind.example"),
    "fullwidth": ("jose@northwind.example", "ｊｏｓｅ@northwind.example"),
    "fullwidth at": ("jose@northwind.example", "jose＠northwind.example"),
    "sharp s": ("weiß@northwind.example", "WEISS@northwind.example"),
    "final sigma": ("νίκος@northwind.example", "ΝΊΚΟΣ@northwind.example"),
    "ligature": ("ﬁona@northwind.example", "fiona@northwind.example"),
    "kelvin": ("\u212aate@northwind.example", "kate@northwind.example"),
}


def test_one_name_in_two_forms_is_one_name(people: Cast) -> None:
    for first, second in SAME_NAME.values():
        held = somebody(people.operator, first)
        before = written()
        with pytest.raises(Conflict) as refused:
            somebody(people.operator, second)
        assert (refused.value.code, refused.value.attribute) == ("user_name_taken", "userName")
        assert written() == before
        apply(DeleteUser(held), by=people.operator)


def test_two_forms_of_a_name_in_one_batch_are_refused(people: Cast) -> None:
    for names in SAME_NAME.values():
        with pytest.raises(Conflict) as refused:
            apply(*(CreateUser({"userName": name}) for name in names), by=people.operator)
        assert (refused.value.code, refused.value.index) == ("user_name_taken", 1)


def test_a_person_may_write_their_own_name_differently(people: Cast) -> None:
    apply(ChangeUser(people.bob.id, {"userName": "BOB@northwind.example"}), by=people.operator)
    assert queries.find_user(people.alice, people.bob.id).user_name == "BOB@northwind.example"


def test_two_organizations_may_use_one_name(people: Cast) -> None:
    here = somebody(people.operator, "admin")
    there = somebody(people.other_operator, "ADMIN")
    assert queries.find_user(people.alice, here).user_name == "admin"
    assert queries.find_user(people.mallory, there).user_name == "ADMIN"


def test_a_taken_name_is_refused_however_its_attribute_is_written(people: Cast) -> None:
    for path in ("USERNAME", "urn:ietf:params:scim:schemas:core:2.0:User:userName"):
        with pytest.raises(Conflict) as refused:
            apply(
                ChangeUser(people.carol.id, {"title": "x"}),
                ChangeUser(people.bob.id, {path: "alice@northwind.example"}),
                by=people.operator,
            )
        assert (refused.value.code, refused.value.index) == ("user_name_taken", 1)


def test_two_people_swap_their_names(people: Cast) -> None:
    bob, carol = people.bob.id, people.carol.id
    apply(
        ChangeUser(bob, {"userName": "carol@northwind.example"}),
        ChangeUser(carol, {"userName": "bob@northwind.example"}),
        by=people.operator,
    )
    assert queries.find_user(people.alice, bob).user_name == "carol@northwind.example"
    assert queries.find_user(people.alice, carol).user_name == "bob@northwind.example"


@pytest.mark.parametrize("forwards", [True, False])
def test_names_move_along_a_chain(people: Cast, forwards: bool) -> None:
    ids = [somebody(people.operator, f"p{n}@northwind.example") for n in range(5)]
    moves = [
        ChangeUser(one, {"userName": f"p{n + 1}@northwind.example"}) for n, one in enumerate(ids)
    ]
    apply(*(moves if forwards else moves[::-1]), by=people.operator)
    names = [queries.find_user(people.alice, one).user_name for one in ids]
    assert names == [f"p{n}@northwind.example" for n in range(1, 6)]


def test_names_go_round_in_a_ring(people: Cast) -> None:
    ids = [somebody(people.operator, f"p{n}@northwind.example") for n in range(4)]
    apply(
        *(
            ChangeUser(one, {"userName": f"P{(n + 1) % 4}@northwind.example"})
            for n, one in enumerate(ids)
        ),
        by=people.operator,
    )
    assert queries.find_user(people.alice, ids[3]).user_name == "P0@northwind.example"


def test_a_deletion_frees_the_name(people: Cast) -> None:
    apply(DeleteUser(people.bob.id), by=people.operator)
    again = somebody(people.operator, "bob@northwind.example")
    assert again != people.bob.id


def test_a_newcomer_takes_the_name_of_somebody_who_goes_in_the_same_batch(people: Cast) -> None:
    for leaver, order in ((people.bob.id, 1), (people.carol.id, -1)):
        name = queries.find_user(people.alice, leaver).user_name
        changes = [DeleteUser(leaver), CreateUser({"userName": name})]
        apply(*changes[::order], by=people.operator)
        found = queries.page_people(people.alice, text=name).items
        assert [view.user_name for view in found] == [name]


@pytest.mark.parametrize("order", [1, -1])
def test_a_colleague_takes_the_name_of_somebody_who_goes_in_the_same_batch(
    people: Cast, order: int
) -> None:
    # bob's id stands before carol's, heidi's after it: whichever row comes first, it must work
    for leaver, taker in ((people.carol.id, people.bob.id), (people.bob.id, people.heidi.id)):
        name = queries.find_user(people.alice, leaver).user_name
        changes = [ChangeUser(taker, {"userName": name}), DeleteUser(leaver)]
        apply(*changes[::order], by=people.operator)
        assert queries.find_user(people.alice, taker).user_name == name


def test_a_name_is_given_back_to_its_first_owner(people: Cast) -> None:
    apply(DeleteUser(people.bob.id), by=people.operator)
    second = somebody(people.operator, "bob@northwind.example")
    apply(
        RestoreUser(people.bob.id),
        ChangeUser(second, {"userName": "bob2@northwind.example"}),
        by=people.operator,
    )
    assert queries.find_user(people.alice, people.bob.id).user_name == "bob@northwind.example"


def test_a_name_that_nobody_gives_up_stays_taken(people: Cast) -> None:
    with pytest.raises(Conflict):
        apply(
            ChangeUser(people.bob.id, {"userName": "carol@northwind.example"}),
            ChangeUser(people.carol.id, {"title": "stays"}),
            by=people.operator,
        )


def test_a_name_in_anothers_domain_is_refused(people: Cast) -> None:
    for domain in (
        "@northwind.example",
        "@NORTHWIND.example",
        "@sales.northwind.example",
        "@a.b.northwind.example",
        "@northwind.example.",
        "@ｎｏｒｔｈｗｉｎｄ.example",
        "@northwind。example",
        "＠northwind.example",
        "﹫northwind.example",
    ):
        with pytest.raises(Forbidden) as refused:
            somebody(people.other_operator, f"mole{domain}")
        assert (refused.value.code, refused.value.index) == ("domain_of_another", 0)


def test_a_name_beside_anothers_domain_is_accepted(people: Cast) -> None:
    for name in ("x@notnorthwind.example", "northwind.example", "x@example", "a@b.example@y"):
        somebody(people.other_operator, name)


def test_renaming_into_anothers_domain_is_refused(people: Cast) -> None:
    with pytest.raises(Forbidden) as refused:
        apply(
            ChangeUser(people.mallory.id, {"userName": "alice@northwind.example"}),
            by=people.other_operator,
        )
    assert refused.value.code == "domain_of_another"


def test_a_name_that_looks_like_another_is_refused(people: Cast) -> None:
    for name in (" bob", "bob ", "b\u202eob", "b\u200bob", "\ufeffbob"):
        with pytest.raises(Invalid) as refused:
            somebody(people.operator, name)
        assert (refused.value.code, refused.value.attribute) == ("user_name_unclear", "userName")
        assert refused.value.index == 0


def test_a_name_that_grows_too_long_when_compared_is_refused(people: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        somebody(people.operator, "\ufdfa" * 20)  # one sign that stands for eighteen
    assert refused.value.code == "value_too_long"


def test_a_foreign_name_names_one_of_a_connection(people: Cast) -> None:
    with pytest.raises(Conflict) as refused:
        apply(CreateUser({"userName": "frank@northwind.example"}, external_id="E-5"), by=people.hr)
    assert (refused.value.code, refused.value.attribute) == ("external_id_taken", "externalId")


def test_a_foreign_name_is_counted_by_case_and_by_connection(people: Cast) -> None:
    apply(CreateUser({"userName": "frank@northwind.example"}, external_id="e-5"), by=people.hr)
    apply(CreateUser({"userName": "x@contoso.example"}, external_id="E-5"), by=people.other_hr)
    erin = queries.find_user(people.hr, people.erin)
    assert erin.external_id == "E-5"
    assert queries.find_user(people.alice, people.erin).external_id is None


def test_two_of_one_foreign_name_in_one_batch_are_refused(people: Cast) -> None:
    with pytest.raises(Conflict) as refused:
        apply(
            *(
                CreateUser({"userName": f"p{n}@northwind.example"}, external_id=f"P-{n // 2}")
                for n in range(4)
            ),
            by=people.hr,
        )
    assert (refused.value.code, refused.value.index) == ("external_id_taken", 1)


def test_a_deletion_frees_the_foreign_name(people: Cast) -> None:
    apply(DeleteUser(people.erin), by=people.hr)
    made = apply(
        CreateUser({"userName": "erin@northwind.example"}, external_id="E-5"), by=people.hr
    )
    assert queries.find_user(people.hr, made.first.id).external_id == "E-5"


def test_foreign_names_are_swapped_in_one_batch(people: Cast) -> None:
    other = apply(
        CreateUser({"userName": "frank@northwind.example"}, external_id="E-6"), by=people.hr
    ).first.id
    apply(
        ChangeUser(people.erin, {}, external_id="E-6"),
        ChangeUser(other, {}, external_id="E-5"),
        by=people.hr,
    )
    assert queries.find_user(people.hr, people.erin).external_id == "E-6"
    assert queries.find_user(people.hr, other).external_id == "E-5"
