"""The audit: complete, chained, silent about secrets; whoever tampers is found and named."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import delete, insert, select, update

from idp.changes import apply, audit
from idp.changes.audit import AuditEntry, AuditFilter, AuditHead
from idp.changes.intents import (
    AddMember,
    AddSigningKey,
    AssignRole,
    BlockUser,
    ChangeConnection,
    ChangeUser,
    CreateConnection,
    CreateOrganization,
    CreateUser,
    DeleteUser,
    IssueLink,
    IssueToken,
    RecordSignIn,
    RedeemLink,
    RestoreUser,
    SetPassword,
    StartSession,
    UnblockUser,
)
from idp.changes.outbox import Delivery
from idp.clock import now
from idp.directory.actors import system_actor
from idp.extensions import db
from idp.mail import MailboxMessage
from tests.cast import Cast, password_hash
from tests.changes.steps import group, somebody, together

TABLE = AuditEntry.__table__


def newest(people: Cast, action: str = "") -> audit.AuditView:
    entries, _cursor = audit.page(people.operator, AuditFilter(action=action), limit=1)
    return entries[0]


def tamper(statement: Any) -> None:
    db.session.execute(statement)
    db.session.commit()


def finding(people: Cast) -> tuple[int, str] | None:
    found = audit.verify(db.session, people.org)
    return (found.seq, found.problem) if found else None


def test_an_entry_says_who_by_which_door_and_in_which_request(people: Cast) -> None:
    by = replace(people.alice, request_id="req-12345678")
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=by)
    entry = newest(people)
    assert (entry.action, entry.target_kind, entry.target_id, entry.target_name) == (
        "user.changed",
        "User",
        people.bob.id,
        "bob@northwind.example",
    )
    assert (entry.actor_kind, entry.actor_id, entry.actor_name) == (
        "user",
        people.alice.id,
        "Alice Liddell",
    )
    assert (entry.door, entry.request_id) == ("portal", "req-12345678")


def test_an_entry_says_from_what_to_what_by_attribute(people: Cast) -> None:
    emails = [{"value": "e@northwind.example", "type": "work"}]
    apply(
        ChangeUser(
            people.erin, {"title": "Chief", "emails": emails, "nickName": "Rin"}, external_id="E-9"
        ),
        by=people.hr,
    )
    assert newest(people).diff == {
        "emails": [
            [{"value": "erin@northwind.example", "type": "work", "primary": True}],
            emails,
        ],
        "nickName": [None, "Rin"],
        "title": ["Clerk", "Chief"],
        "externalId": ["E-5", "E-9"],
    }


def test_each_verb_has_its_word(people: Cast) -> None:
    dora = somebody(people.operator, "dora@northwind.example")
    for change, action in (
        (ChangeUser(dora, {"title": "Cook"}), "user.changed"),
        (ChangeUser(dora, {"active": False, "title": None}), "user.deactivated"),
        (ChangeUser(dora, {"active": True}), "user.activated"),
        (BlockUser(dora), "user.blocked"),
        (UnblockUser(dora), "user.unblocked"),
        (DeleteUser(dora), "user.deleted"),
        (RestoreUser(dora), "user.restored"),
    ):
        apply(change, by=people.operator)
        entry = newest(people, "user.")
        assert (entry.action, entry.target_id) == (action, dora)


def test_a_membership_names_both_ends(people: Cast) -> None:
    inner = group(people.operator, "Cooks", people.bob.id)
    entry = newest(people)
    assert (entry.action, entry.target_name) == ("member.added", "Cooks")
    assert (entry.related_kind, entry.related_id, entry.related_name) == (
        "User",
        people.bob.id,
        "Bob Núñez",
    )
    group(people.operator, "Kitchen", inner)
    assert (newest(people).related_kind, newest(people).related_name) == ("Group", "Cooks")


def test_a_redeemed_link_names_its_person(people: Cast) -> None:
    token = apply(IssueLink(people.bob.id, "reset"), by=people.operator).first.secret or ""
    apply(RedeemLink(token), by=people.operator)
    entry = newest(people, "link.redeemed")
    assert (entry.target_id, entry.target_name) == (people.bob.id, "bob@northwind.example")


def test_a_sign_in_at_a_partner_names_the_partner(people: Cast) -> None:
    wiki = apply(CreateConnection("saml", "Wiki"), by=people.operator).first.id
    apply(RecordSignIn(people.bob.id, wiki, "refused", "blocked"), by=people.operator)
    entry = newest(people)
    assert (entry.action, entry.related_id, entry.related_name) == ("partner.refused", wiki, "Wiki")


def test_the_chain_holds(people: Cast) -> None:
    for _ in range(3):
        apply(ChangeUser(people.bob.id, {"title": str(now())}), by=people.operator)
    assert finding(people) is None
    assert audit.verify(db.session, people.other_org) is None


def test_a_long_chain_holds(people: Cast) -> None:
    changes = [CreateUser({"userName": f"p{n}"}) for n in range(audit.CHUNK + 5)]
    apply(*changes, by=people.operator)
    assert finding(people) is None


COLUMNS = [
    column.name for column in TABLE.columns if column.name not in ("org_id", "seq", "hash", "at")
]


def test_a_changed_entry_is_found_in_any_column(people: Cast) -> None:
    for column in COLUMNS:
        entry = (TABLE.c.org_id == people.org) & (TABLE.c.seq == 4)
        was = db.session.scalar(select(TABLE.c[column]).where(entry))
        tamper(update(TABLE).where(entry).values({column: "forged"}))
        assert finding(people) == (4, "entry 4 was changed or moved"), column
        tamper(update(TABLE).where(entry).values({column: was}))
    assert finding(people) is None


def test_a_changed_time_or_hash_is_found(people: Cast) -> None:
    entry = (TABLE.c.org_id == people.org) & (TABLE.c.seq == 4)
    tamper(update(TABLE).where(entry).values(at=now() - timedelta(days=1)))
    assert finding(people) == (4, "entry 4 was changed or moved")
    tamper(update(TABLE).where(entry).values(hash="0" * 64))
    assert finding(people) == (4, "entry 4 was changed or moved")


def test_a_removed_entry_is_found(people: Cast) -> None:
    tamper(delete(TABLE).where(TABLE.c.org_id == people.org, TABLE.c.seq == 3))
    assert finding(people) == (3, "entry 3 is missing")


def test_reordered_entries_are_found(people: Cast) -> None:
    mine = TABLE.c.org_id == people.org
    for old, new in ((2, 9999), (3, 2), (9999, 3)):
        tamper(update(TABLE).where(mine, TABLE.c.seq == old).values(seq=new))
    assert finding(people) == (2, "entry 2 was changed or moved")


def test_an_inserted_entry_is_found(people: Cast) -> None:
    rows = db.session.execute(
        select(TABLE).where(TABLE.c.org_id == people.org).order_by(TABLE.c.seq)
    ).mappings()
    last = dict(rows.all()[-1])
    forged = last | {"seq": last["seq"] + 1, "action": "role.assigned"}
    tamper(insert(TABLE).values(forged))
    assert finding(people) == (forged["seq"], f"entry {forged['seq']} was changed or moved")
    honest = forged | {"hash": audit._chain(last["hash"], forged)}
    tamper(delete(TABLE).where(TABLE.c.org_id == people.org, TABLE.c.seq == forged["seq"]))
    tamper(insert(TABLE).values(honest))
    found = finding(people)
    assert found is not None
    assert found[1] == f"the chain ends at {forged['seq']}, its head says {last['seq']}"


def test_truncated_entries_are_found(people: Cast) -> None:
    length = newest(people).seq
    for left in (length - 1, length - 3, 0):
        tamper(delete(TABLE).where(TABLE.c.org_id == people.org, TABLE.c.seq > left))
        assert finding(people) == (
            left + 1,
            f"the chain ends at {left}, its head says {length}",
        )


def test_a_lost_head_is_found(people: Cast) -> None:
    tamper(delete(AuditHead).where(AuditHead.org_id == people.org))
    assert finding(people) is not None


def test_one_organizations_damage_is_its_own(people: Cast) -> None:
    tamper(update(TABLE).where(TABLE.c.org_id == people.org).values(diff="{}"))
    assert finding(people) is not None
    assert audit.verify(db.session, people.other_org) is None


def test_entries_of_concurrent_transactions_form_one_chain(app: Flask, people: Cast) -> None:
    ids = [somebody(people.operator, f"p{n}") for n in range(12)]
    before = newest(people).seq
    together(
        app,
        *(
            lambda one=one: apply(ChangeUser(one, {"title": "Cook"}), by=people.operator)
            for one in ids
        ),
    )
    assert finding(people) is None
    assert newest(people).seq == before + 12


def everything_written() -> str:
    """All that is kept of what happened, for everybody who can read the database."""
    db.session.rollback()
    found: list[str] = []
    for model in (AuditEntry, Delivery, MailboxMessage):
        found += map(str, db.session.execute(select(model.__table__)).all())
    return "\n".join(found)


def test_no_secret_is_written_down(people: Cast) -> None:
    by, later = people.operator, now() + timedelta(hours=1)
    secrets = ["s3cret-client", "-----PRIVATE-----", "first password"]
    outcome = apply(
        CreateUser(
            {"userName": "dora", "password": "first password"}, password_hash=password_hash()
        ),
        IssueLink(people.bob.id, "reset", "https://id.example/invite/", deliver=True),
        IssueToken(people.hr.id),
        StartSession(people.bob.id, "password", later),
        CreateConnection("oidc", "Shop", settings={"client_secret": "s3cret-client"}),
        ChangeConnection(people.hr.id, settings={"client_secret": "s3cret-client"}),
        AddSigningKey("saml", "rsa-2048", "certificate", "-----PRIVATE-----", later),
        SetPassword(people.carol.id, password_hash()),
        ChangeUser(people.erin, {}, password_hash=password_hash()),
        by=by,
    )
    secrets += [result.secret for result in outcome.results if result.secret]
    link = outcome.results[1].secret or ""
    apply(RedeemLink(link, password_hash()), by=by)

    kept = everything_written()
    assert len(secrets) == 6
    assert [secret for secret in secrets if secret in kept] == []
    assert "$argon2" not in kept


def test_secrets_are_stored_as_hashes_or_sealed(people: Cast) -> None:
    later = now() + timedelta(hours=1)
    outcome = apply(
        IssueLink(people.bob.id, "reset"),
        IssueToken(people.hr.id),
        StartSession(people.bob.id, "password", later),
        by=people.operator,
    )
    apply(
        AddSigningKey("saml", "rsa-2048", "certificate", "-----PRIVATE-----", later),
        by=people.operator,
    )
    dump = "\n".join(
        str(row)
        for table in db.metadata.sorted_tables
        for row in db.session.execute(select(table)).all()
    )
    for secret in [*(result.secret for result in outcome.results), "-----PRIVATE-----"]:
        assert secret
        assert secret not in dump


def test_a_delivery_is_sealed_and_emptied_once_done(people: Cast) -> None:
    apply(
        IssueLink(people.erin, "invite", "https://id.example/invite/", deliver=True),
        by=people.operator,
    )
    payload = db.session.scalar(select(Delivery.payload))
    assert payload
    assert "invite" not in payload


def test_one_sees_what_concerns_oneself_without_a_permission(people: Cast) -> None:
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator)
    entries, _cursor = audit.page(people.bob)
    assert entries
    assert {entry.target_id for entry in entries} == {people.bob.id}


def test_the_audit_is_read_page_by_page_and_by_filter(people: Cast) -> None:
    cooks = group(people.operator, "Cooks", people.bob.id)
    apply(AssignRole(people.bob.id, "global_reader"), by=people.alice)
    apply(AddMember(cooks, people.carol.id), by=people.alice)
    seen: list[int] = []
    cursor = None
    while True:
        entries, cursor = audit.page(people.alice, before=cursor, limit=3)
        seen += [entry.seq for entry in entries]
        if cursor is None:
            break
    assert seen == list(range(seen[0], 0, -1))
    for wanted, actions in (
        (AuditFilter(about=cooks), {"group.created", "member.added"}),
        (AuditFilter(action="role."), {"role.assigned"}),
        (AuditFilter(actor_id=people.alice.id), {"role.assigned", "member.added"}),
        (AuditFilter(door="scim"), {"user.created"}),
        (AuditFilter(about=people.carol.id, action="member."), {"member.added"}),
        (AuditFilter(action="%"), set()),
    ):
        entries, _cursor = audit.page(people.alice, wanted)
        assert {entry.action for entry in entries} == actions


def test_an_organization_begins_with_its_founding(people: Cast) -> None:
    org = apply(CreateOrganization("Fabrikam", "fabrikam.example"), by=system_actor("")).first.id
    entries, _cursor = audit.page(system_actor(org))
    assert [entry.action for entry in entries] == ["domain.added", "organization.created"]
    assert audit.verify(db.session, org) is None


def test_odd_values_keep_the_chain_whole(people: Cast) -> None:
    for hostile in ("\u2028", "'; DROP TABLE users; --", "\\u0000", "𐏿 " * 50):
        address = {"formatted": f"{hostile}\nline two", "type": "work"}
        apply(ChangeUser(people.bob.id, {"addresses": [address]}), by=people.operator)
        assert finding(people) is None
