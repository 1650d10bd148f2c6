"""Events: what happens is told, in order, signed, once, and to nobody else (RFC 9967, RFC 8936)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from idp.changes import apply, tokens
from idp.changes.intents import (
    AddMember,
    BlockUser,
    ChangeUser,
    CreateGroup,
    CreateStream,
    DeleteConnection,
    DeleteStream,
    DeleteUser,
    PauseStream,
    RemoveMember,
    UnblockUser,
)
from idp.directory import queries
from idp.directory.errors import DirectoryError
from tests.cast import Cast
from tests.scim.conftest import Scim, detail
from tests.scim.receiving import read, short, work

Poll = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def stream(people: Cast) -> str:
    """A polled stream of HR over everybody."""
    return apply(CreateStream(people.hr.id, "poll"), by=people.operator).first.id


def ask(app: Flask, scim: Scim, stream_id: str, **body: Any) -> Any:
    """Poll after the workers have done their part."""
    work(app)
    answer = scim("POST", f"/Feeds/{stream_id}", body)
    assert answer.status_code == 200, answer.text
    return answer.json


def polled(app: Flask, scim: Scim, stream_id: str, **body: Any) -> list[dict[str, Any]]:
    """The claims of what waits, each with its signature checked."""
    sets = ask(app, scim, stream_id, **body)["sets"]
    claims = [read(scim, stream_id, token) for token in sets.values()]
    assert [one["jti"] for one in claims] == list(sets)
    return claims


def test_a_life_is_told_in_order(app: Flask, people: Cast, scim: Scim, stream: str) -> None:
    made = scim.user(externalId="E-77")["id"]
    scim.patch(f"/Users/{made}", {"op": "replace", "path": "title", "value": "Cook"})
    scim("PUT", f"/Users/{made}", {"userName": "joe@northwind.example", "title": "Chef"})
    scim.patch(f"/Users/{made}", {"op": "replace", "path": "active", "value": False})
    scim.patch(f"/Users/{made}", {"op": "replace", "path": "active", "value": True})
    scim("DELETE", f"/Users/{made}")
    told = polled(app, scim, stream)
    assert [short(one) for one in told] == [
        ("prov:create:notice",),
        ("prov:patch:notice",),
        ("prov:put:notice",),
        ("prov:deactivate", "prov:patch:notice"),
        ("prov:activate", "prov:patch:notice"),
        ("prov:delete",),
    ]
    subject = {"format": "scim", "uri": f"/Users/{made}"}
    assert all(subject.items() <= one["sub_id"].items() for one in told)


def test_a_token_says_who_tells_whom_what(
    app: Flask, people: Cast, scim: Scim, stream: str
) -> None:
    scim.patch(f"/Users/{people.erin}", {"op": "replace", "path": "title", "value": "Cook"})
    (told,) = polled(app, scim, stream)
    base = app.config["CHAMBERLAIN"].public_url + "/scim/v2"
    assert (told["iss"], told["aud"]) == (base, f"{base}/Feeds/{stream}")
    assert told["sub_id"]["externalId"] == "E-5"
    assert told["events"] == {
        "urn:ietf:params:scim:event:prov:patch:notice": {"attributes": ["title"]}
    }
    assert {"iat", "jti", "txn"} <= told.keys()
    assert "sub" not in told


def test_what_happens_by_other_doors_is_told_as_well(
    app: Flask, people: Cast, scim: Scim, stream: str
) -> None:
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.alice)
    apply(BlockUser(people.bob.id), by=people.alice)
    apply(UnblockUser(people.bob.id), by=people.alice)
    assert [short(one) for one in polled(app, scim, stream)] == [
        ("prov:patch:notice",),
        ("prov:deactivate",),
        ("prov:activate",),
    ]


def test_members_are_told_as_patches_of_their_group(app: Flask, people: Cast, scim: Scim) -> None:
    wanted = CreateStream(people.hr.id, "poll", detail="full")
    stream = apply(wanted, by=people.operator).first.id
    cooks = scim.group("Cooks", people.erin)["id"]
    scim.patch(f"/Groups/{cooks}", {"op": "remove", "path": f'members[value eq "{people.erin}"]'})
    created, joined, left = polled(app, scim, stream)
    assert created["events"]["urn:ietf:params:scim:event:prov:create:full"]["data"] == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "id": cooks,
        "displayName": "Cooks",
    }
    patch = "urn:ietf:params:scim:event:prov:patch:full"
    assert joined["events"][patch]["data"]["Operations"] == [
        {"op": "add", "path": "members", "value": [{"value": people.erin, "type": "User"}]}
    ]
    assert left["events"][patch]["data"]["Operations"] == [
        {"op": "remove", "path": f'members[value eq "{people.erin}"]'}
    ]


def test_a_full_stream_tells_the_values(app: Flask, people: Cast, scim: Scim) -> None:
    wanted = CreateStream(people.hr.id, "poll", detail="full")
    stream = apply(wanted, by=people.operator).first.id
    made = scim.user(name={"givenName": "Joe"}, password="a long walk by the sea")["id"]
    scim("PUT", f"/Users/{made}", {"userName": "joe@northwind.example", "title": "Chef"})
    created, put = polled(app, scim, stream)
    data = created["events"]["urn:ietf:params:scim:event:prov:create:full"]["data"]
    assert (data["id"], data["name"]) == (made, {"givenName": "Joe"})
    assert "password" not in str(created)
    data = put["events"]["urn:ietf:params:scim:event:prov:put:full"]["data"]
    assert (data["userName"], data["title"]) == ("joe@northwind.example", "Chef")


def test_what_was_acknowledged_is_not_told_again(
    app: Flask, people: Cast, scim: Scim, stream: str
) -> None:
    for title in "abc":
        apply(ChangeUser(people.bob.id, {"title": title}), by=people.operator)
    first = ask(app, scim, stream, maxEvents=2)
    assert (len(first["sets"]), first["moreAvailable"]) == (2, True)
    assert ask(app, scim, stream, maxEvents=2)["sets"].keys() == first["sets"].keys()
    rest = ask(app, scim, stream, ack=list(first["sets"]))
    assert (len(rest["sets"]), rest["moreAvailable"]) == (1, False)
    assert not rest["sets"].keys() & first["sets"].keys()
    assert ask(app, scim, stream, ack=list(rest["sets"]))["sets"] == {}


def test_what_the_receiver_cannot_take_is_remembered(
    app: Flask, people: Cast, scim: Scim, stream: str
) -> None:
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator)
    (jti,) = ask(app, scim, stream)["sets"]
    errors = {jti: {"err": "jwtAud", "description": "not for us"}}
    assert ask(app, scim, stream, setErrs=errors)["sets"] == {}
    held = queries.stream_of(people.operator, people.hr.id)
    assert held is not None
    assert (held.refused, held.last_refusal) == (1, "jwtAud: not for us")


def test_a_stream_over_a_group_tells_of_its_people_alone(
    app: Flask, people: Cast, scim: Scim
) -> None:
    by = people.operator
    cooks = apply(CreateGroup({"displayName": "Cooks"}, (people.erin,)), by=by).first.id
    stream = apply(CreateStream(people.hr.id, "poll", groups=(cooks,)), by=by).first.id
    (added,) = polled(app, scim, stream)
    assert (short(added), added["sub_id"]["uri"]) == (("feed:add",), f"/Users/{people.erin}")
    acked = [added["jti"]]
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=by)
    assert polled(app, scim, stream, ack=acked) == []
    apply(AddMember(cooks, people.bob.id), by=by)
    apply(RemoveMember(cooks, people.erin), by=by)
    told = {(short(one), one["sub_id"]["uri"]) for one in polled(app, scim, stream)}
    assert told == {
        (("prov:patch:notice",), f"/Groups/{cooks}"),
        (("feed:add",), f"/Users/{people.bob.id}"),
        (("feed:remove",), f"/Users/{people.erin}"),
    }


def test_whoever_belongs_through_another_group_is_in_the_feed(
    app: Flask, people: Cast, scim: Scim
) -> None:
    by = people.operator
    inner = apply(CreateGroup({"displayName": "Pastry"}, (people.bob.id,)), by=by).first.id
    outer = apply(CreateGroup({"displayName": "Kitchen"}), by=by).first.id
    stream = apply(CreateStream(people.hr.id, "poll", groups=(outer,)), by=by).first.id
    assert polled(app, scim, stream) == []
    apply(AddMember(outer, inner), by=by)
    told = {(short(one), one["sub_id"]["uri"]) for one in polled(app, scim, stream)}
    assert (("feed:add",), f"/Users/{people.bob.id}") in told


def test_a_deleted_person_leaves_the_feed_without_a_second_word(
    app: Flask, people: Cast, scim: Scim
) -> None:
    by = people.operator
    cooks = apply(CreateGroup({"displayName": "Cooks"}, (people.bob.id,)), by=by).first.id
    stream = apply(CreateStream(people.hr.id, "poll", groups=(cooks,)), by=by).first.id
    jti = [one["jti"] for one in polled(app, scim, stream)]
    apply(DeleteUser(people.bob.id), by=by)
    told = [short(one) for one in polled(app, scim, stream, ack=jti)]
    assert told == [("prov:delete",), ("prov:patch:notice",)]


def test_a_stream_that_is_held_loses_nothing(
    app: Flask, people: Cast, scim: Scim, stream: str
) -> None:
    apply(PauseStream(people.hr.id, paused=True), by=people.operator)
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator)
    assert polled(app, scim, stream) == []
    apply(PauseStream(people.hr.id, paused=False), by=people.operator)
    assert [short(one) for one in polled(app, scim, stream)] == [("prov:patch:notice",)]


def test_a_stream_is_for_its_own_connection_alone(
    scim: Scim, other: Scim, connect: Callable[..., Scim], stream: str
) -> None:
    for stranger in (other, connect("rfc")):
        assert detail(stranger("POST", f"/Feeds/{stream}", {})) == (404, "")
    nobody = Scim(scim.client, "")
    assert detail(nobody("POST", f"/Feeds/{stream}", {})) == (401, "")


@pytest.mark.parametrize(
    "body",
    [
        {"maxEvents": -1},
        {"maxEvents": "all"},
        {"ack": "everything"},
        {"ack": [1]},
        {"setErrs": []},
        {"ack": ["x"] * 6000},
    ],
)
def test_a_malformed_poll_is_refused(scim: Scim, stream: str, body: dict[str, Any]) -> None:
    assert detail(scim("POST", f"/Feeds/{stream}", body))[0] == 400


def test_the_end_of_a_stream_or_its_connection_takes_all_of_it_away(
    app: Flask, people: Cast, scim: Scim, stream: str
) -> None:
    apply(ChangeUser(people.bob.id, {"title": "Cook"}), by=people.operator)
    work(app)
    assert tokens.count_waiting(stream) == 1
    apply(DeleteStream(people.hr.id), by=people.operator)
    assert scim("POST", f"/Feeds/{stream}", {}).status_code == 404
    again = apply(CreateStream(people.hr.id, "poll"), by=people.operator).first.id
    apply(DeleteConnection(people.hr.id), by=people.operator)
    assert tokens.count_waiting(again) == 0


@pytest.mark.parametrize(
    "wanted",
    [
        {"delivery": "pigeon"},
        {"delivery": "push"},
        {"delivery": "push", "endpoint": "ftp://x.example/"},
        {"delivery": "push", "endpoint": "https://x.example/\n"},
        {"delivery": "poll", "detail": "all"},
        {"delivery": "poll", "groups": ("nobody",)},
        {"delivery": "push", "endpoint": "https://x.example/", "authorization": "a\r\nb: c"},
    ],
)
def test_a_malformed_stream_is_refused(people: Cast, wanted: dict[str, Any]) -> None:
    with pytest.raises(DirectoryError) as refused:
        apply(CreateStream(people.hr.id, **wanted), by=people.operator)
    assert refused.value.kind == "invalid"


def test_who_cannot_read_people_cannot_send_them_out(people: Cast) -> None:
    narrow = replace(people.alice, permissions=frozenset({"connections.write"}))
    with pytest.raises(DirectoryError) as refused:
        apply(CreateStream(people.hr.id, "poll"), by=narrow)
    assert refused.value.code == "permission_missing"


def test_the_server_says_which_events_it_tells(people: Cast, scim: Scim) -> None:
    assert "securityEvents" not in scim("GET", "/ServiceProviderConfig").json
    apply(CreateStream(people.hr.id, "poll"), by=people.operator)
    config = scim("GET", "/ServiceProviderConfig").json
    assert config["securityEvents"]["asyncRequest"] == "none"
    assert "urn:ietf:params:scim:event:prov:deactivate" in config["securityEvents"]["eventUris"]


def test_whoever_asks_for_a_late_answer_gets_it_now(scim: Scim) -> None:
    body = {"userName": "joe@northwind.example"}
    assert scim("POST", "/Users", body, Prefer="respond-async").status_code == 201
