"""Seats follow: who should hold what, by whatever door the reason came, in the same transaction.

    whose      people who may sign in or no longer may, who joined or left, whom a grant concerns
    decide     what each should hold (`idp.licensing.decision`)
    claim      units, in the order of SKUs; who gets none waits, first come first served
    write      holdings, problems, notes
    serve      units that became free go to who has waited longest

Provisioning never fails for want of a seat: only what an administrator assigns to one person is
refused. Who leaves loses everything at once; but a grant to more people than AT_ONCE, and more new
seats, are left to the worker (`seat_turns`), so that no batch holds a pool's row for long.
"""

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import BindParameter, bindparam, select

from idp.changes import licences, pools, seating
from idp.changes.batch import Batch
from idp.changes.seating import Sitter
from idp.clock import new_id
from idp.directory.errors import Conflict, DirectoryError, raise_all
from idp.directory.groups import EffectiveMembership
from idp.directory.sets import among
from idp.directory.users import User
from idp.licensing.catalogue import Catalogue, SkuView, catalogue_of
from idp.licensing.decision import (
    CONFLICT,
    COUNT,
    COUNTRY,
    DEPENDENCY,
    Decision,
    Problem,
    decide,
)
from idp.licensing.seats import EVERYONE, GROUP, PERSON, Grant, Holding, SeatProblem, SeatTurn

NONE: frozenset[str] = frozenset()
AT_ONCE = 200  # new seats in one batch; the rest is done by turns
_HERE: BindParameter[str] = bindparam("org")
_MEMBERS = select(EffectiveMembership.user_id).where(among(EffectiveMembership.group_id, "groups"))
_EVERYBODY = (
    select(User.id).where(User.org_id == _HERE, User.deleted_at.is_(None)).order_by(User.id)
)
_LICENSING = select(Grant.group_id).where(
    Grant.org_id == _HERE, Grant.kind == GROUP, among(Grant.group_id, "groups")
)
_FOR_ALL = select(Grant.id).where(Grant.org_id == _HERE, Grant.kind == EVERYONE).limit(1)
_WAITING = (
    select(SeatProblem.user_id)
    .where(
        SeatProblem.org_id == _HERE,
        SeatProblem.sku_id == bindparam("sku"),
        SeatProblem.code == COUNT,
    )
    .order_by(SeatProblem.since, SeatProblem.place)
    .limit(bindparam("count"))
)


def follow(batch: Batch) -> None:
    """Seat whom this batch concerns; nothing is asked where nobody is granted anything."""
    free = {
        sku_id: pools.follow_subscriptions(batch, sku_id) for sku_id in sorted(batch.pools_moved)
    }
    if not (batch.licensed or batch.grants or batch.reviewed or free):
        return
    known = catalogue_of(batch.catalogue_version)
    done = _concerned(batch)
    if done:
        free |= _seat(batch, done, known)
        free |= {sku: pools.left(batch, sku) for sku in sorted(batch.pools_due)}
    _serve(batch, free, done, known)
    licences.write_grants(batch)


# --- whose seats ------------------------------------------------------------------------------


def _concerned(batch: Batch) -> set[str]:
    people = set(batch.reviewed) | _may_or_may_not(batch) | _joined_or_left(batch)
    groups: set[str] = set()
    for held in batch.grants.values():
        row = held.row or held.before or {}
        if held.row == held.before:
            continue
        if row["kind"] == PERSON:
            people.add(row["user_id"])
        else:
            groups.add(row["group_id"] or EVERYONE)
            look_again_later(batch, row["sku_id"])
    return people | _members(batch, groups)


def _may_or_may_not(batch: Batch) -> set[str]:
    """Who may sign in now, or no longer, or somewhere else."""
    changed = {
        who.id
        for who in batch.users.values()
        if who.could_sign_in() != who.may_sign_in()
        or (who.flat is not who.flat_before and _moved(who.flat, who.flat_before))
    }
    fresh = {one for one in changed if batch.users[one].is_new}
    if fresh and not batch.ask(_FOR_ALL):
        changed -= fresh  # who is new holds nothing, and only what is for everyone concerns them
    return changed


def _moved(now: Any, before: Any) -> bool:
    return bool(seating.country_of(now, "") != seating.country_of(before, ""))


def _joined_or_left(batch: Batch) -> set[str]:
    edges = batch.joined | batch.left
    if not edges:
        return set()
    groups = {row["group_id"] for row in batch.ask(_LICENSING, groups={g for g, _ in edges})}
    return {user for group, user in edges if group in groups}


def _members(batch: Batch, groups: set[str]) -> set[str]:
    """Whom the grants to groups and to everyone concern; too many of them are left to a turn."""
    if not groups:
        return set()
    if EVERYONE in groups:
        rows = batch.ask(_EVERYBODY.limit(AT_ONCE + 1))
        people = {row["id"] for row in rows}
    else:
        rows = batch.ask(_MEMBERS.limit(AT_ONCE + 1), groups=groups)
        people = {row["user_id"] for row in rows}
    return people if len(people) <= AT_ONCE else set()


def look_again_later(batch: Batch, sku_id: str, kind: str = "everybody") -> None:
    """Leave the rest to a turn: also whom another transaction brings at this very moment."""
    batch.insert(
        SeatTurn,
        {
            "id": new_id(),
            "org_id": batch.org_id,
            "sku_id": sku_id,
            "kind": kind,
            "after": "",
            "created": batch.now,
            "leased_until": None,
            "failures": 0,
        },
    )


# --- seating them -----------------------------------------------------------------------------


def _seat(batch: Batch, people: set[str], known: Catalogue) -> dict[str, int]:
    """Give and take what these people should have; returns what is free of SKUs given back."""
    sitters = seating.load(batch, people, known)
    behind = _behind_others(batch, sitters)
    made = {one: _decide(who, known, behind.get(one, NONE)) for one, who in sitters.items()}
    _put_off(batch, sitters, made)
    claimed = _claim(batch, sitters, made, known, behind)
    freed: Counter[str] = Counter()
    batch.seated.update(sitters)
    for one, who in sitters.items():
        _write(batch, who, made[one], known)
        freed.update(sku for sku in who.held if sku not in made[one].holds)
        freed.update(sku for sku in claimed[one] if sku not in made[one].holds)
    _refuse(batch, made, known)
    return {sku_id: pools.release(batch, sku_id, freed[sku_id]) for sku_id in sorted(freed)}


def _behind_others(batch: Batch, sitters: dict[str, Sitter]) -> dict[str, frozenset[str]]:
    """{person: SKUs for which they wait, and others who are not here have waited longer}."""
    waiting: dict[str, set[str]] = defaultdict(set)
    for one, who in sitters.items():
        for sku, row in who.problems.items():
            if row["code"] == COUNT and sku in who.wanted and (one, sku) not in batch.insisted:
                waiting[sku].add(one)
    behind: dict[str, set[str]] = defaultdict(set)
    for sku in sorted(waiting):
        units = max(0, pools.left(batch, sku))
        over = batch.seated | {one for one, who in sitters.items() if sku not in who.wanted}
        first = set(_waiting(batch, sku, units, over)[:units])
        batch.pools_due.add(sku)  # the others are served after these
        for one in waiting[sku] - first:
            behind[one].add(sku)
    return {one: frozenset(skus) for one, skus in behind.items()}


def _decide(who: Sitter, known: Catalogue, unavailable: frozenset[str] = frozenset()) -> Decision:
    return decide(who.wanted, who.held, known.skus, who.country, unavailable)


def _put_off(batch: Batch, sitters: dict[str, Sitter], made: dict[str, Decision]) -> None:
    """More new seats than one batch should give are left to turns."""
    fresh = [
        (one, sku)
        for one, who in sitters.items()
        for sku in made[one].holds.keys() - who.held.keys()
        if (one, sku) not in batch.insisted
    ]
    if batch.unhurried or len(fresh) <= AT_ONCE:
        return
    for one, sku in fresh:
        del made[one].holds[sku]
        known = sitters[one].problems.get(sku)
        if known is not None:  # who waits keeps the place in the queue
            made[one].problems[sku] = Problem(known["code"], known["detail"])
    for sku in sorted({sku for _, sku in fresh}):
        look_again_later(batch, sku)


def _claim(
    batch: Batch,
    sitters: dict[str, Sitter],
    made: dict[str, Decision],
    known: Catalogue,
    behind: dict[str, frozenset[str]],
) -> dict[str, set[str]]:
    """Take a unit for each new seat; who gets none is decided anew without that SKU."""
    claimed: dict[str, set[str]] = {one: set() for one in sitters}
    unavailable = defaultdict(set, {one: set(skus) for one, skus in behind.items()})
    todo = sorted(sitters)
    while todo:
        losers: set[str] = set()
        for sku, people in _asked(sitters, made, claimed, todo):
            got = pools.claim(batch, sku, len(people))
            for one in people[:got]:
                claimed[one].add(sku)
            for one in people[got:]:
                unavailable[one].add(sku)
                losers.add(one)
        for one in losers:
            made[one] = _decide(sitters[one], known, frozenset(unavailable[one]))
        todo = sorted(losers)
    return claimed


def _asked(
    sitters: dict[str, Sitter],
    made: dict[str, Decision],
    claimed: dict[str, set[str]],
    todo: list[str],
) -> list[tuple[str, list[str]]]:
    """(SKU, who should have a unit of it and has none), SKUs and people each in their order."""
    asked: dict[str, list[str]] = defaultdict(list)
    for one in todo:
        for sku in made[one].holds.keys() - sitters[one].held.keys() - claimed[one]:
            asked[sku].append(one)
    for sku, people in asked.items():
        people.sort(key=lambda one, sku=sku: _place(sitters[one], sku))  # type: ignore[misc]
    return sorted(asked.items())


def _place(who: Sitter, sku: str) -> tuple[Any, ...]:
    """Who has waited longest for a SKU comes first, and who has not waited last."""
    row = who.problems.get(sku)
    waits = row is not None and row["code"] == COUNT
    return (0, row["since"], row["place"]) if row and waits else (1, who.id)


def _write(batch: Batch, who: Sitter, made: Decision, known: Catalogue) -> None:
    for sku in who.held.keys() - made.holds.keys():
        batch.delete(Holding, {"user_id": who.id, "sku_id": sku})
        view = known.skus[sku]
        _note(batch, "license.removed", who, view, {"license": [view.part_number, None]})
    for sku, off in made.holds.items():
        if sku not in who.held:
            row = {"user_id": who.id, "sku_id": sku, "org_id": batch.org_id}
            batch.insert(Holding, row | {"plans_off": sorted(off), "since": batch.now})
            view = known.skus[sku]
            _note(batch, "license.assigned", who, view, {"license": [None, view.part_number]})
        elif off != who.held[sku]:
            here = {"user_id": who.id, "sku_id": sku}
            batch.update(Holding, here, {"plans_off": sorted(off)})
            both = [sorted(who.held[sku]), sorted(off)]
            _note(batch, "license.changed", who, known.skus[sku], {"disabledPlans": both})
    _write_problems(batch, who, made, known)


def _write_problems(batch: Batch, who: Sitter, made: Decision, known: Catalogue) -> None:
    for sku in who.problems.keys() - made.problems.keys():
        batch.delete(SeatProblem, {"user_id": who.id, "sku_id": sku})
    for sku, problem in made.problems.items():
        before = who.problems.get(sku)
        said: dict[str, Any] = {"code": problem.code, "detail": problem.detail}
        if before is None:
            row = {"user_id": who.id, "sku_id": sku, "org_id": batch.org_id}
            when = {"since": batch.now, "place": new_id()}
            batch.insert(SeatProblem, row | said | when)
        elif (before["code"], before["detail"]) != (problem.code, problem.detail):
            if problem.code == COUNT and before["code"] != COUNT:  # joins the queue only now
                said |= {"since": batch.now, "place": new_id()}
            batch.update(SeatProblem, {"user_id": who.id, "sku_id": sku}, said)
        else:
            continue
        pair = [before and before["code"], problem.code]
        _note(batch, "license.failed", who, known.skus[sku], {"error": pair})


def _note(batch: Batch, action: str, who: Sitter, sku: SkuView, diff: dict[str, list[Any]]) -> None:
    related = {"related_kind": "Sku", "related_id": sku.id, "related_name": sku.name}
    batch.note(action, ("User", who.id, who.name), diff, **related)


# --- refusing ---------------------------------------------------------------------------------


def _refuse(batch: Batch, made: dict[str, Decision], known: Catalogue) -> None:
    """What somebody asked for one person fails at once, and so does what others depend on."""
    refusals = []
    for (one, sku), index in batch.insisted.items():
        if one in made and sku not in made[one].holds:
            problem, name = made[one].problems.get(sku), known.skus[sku].name
            refused = refusal(problem.code, problem.detail, name) if problem else _inactive()
            refusals.append(refused.at(index))
    for one, decision in made.items():
        for sku, problem in decision.problems.items():
            taken = batch.withdrawn.get((one, sku), batch.withdrawn.get(("", sku)))
            if taken is not None and sku in decision.holds:
                refusals.append(_needed(known.skus[sku].name, problem.detail).at(taken))
    raise_all(refusals)


def _inactive() -> DirectoryError:
    return Conflict(
        "holder_not_active", "Only people who may sign in hold licences. Unblock the person first."
    )


def _needed(name: str, other: str) -> DirectoryError:
    return Conflict(DEPENDENCY, f"{name} is needed by {other}; remove that first.")


def refusal(code: str, detail: str, name: str) -> DirectoryError:
    """Why a SKU cannot be held, as a sentence that says what to do."""
    sentences = {
        COUNT: f"No licence of {name} is left. Buy more, or remove one from somebody.",
        CONFLICT: f"{name} cannot be used together with {detail}. Remove one of them, "
        "or switch that plan off.",
        DEPENDENCY: f"{name} needs {detail}, which this person does not have. Assign that first.",
        COUNTRY: f"{detail} of {name} may not be used in this person's country. "
        "Switch that plan off, or correct the country.",
    }
    return Conflict(code, sentences[code], attribute="skuId")


# --- serving who waits --------------------------------------------------------------------------


def _serve(batch: Batch, free: dict[str, int], done: set[str], known: Catalogue) -> None:
    """Give free units to those who have waited longest, until none is left or nobody can take one.

    What one gives back is offered to the next, also of other SKUs.
    """
    todo = sorted(sku for sku, count in free.items() if count > 0)
    while todo:
        sku = todo.pop(0)
        left, given = free[sku], 0
        while left > 0 and (waiting := _waiting(batch, sku, left, done)):
            if given >= AT_ONCE:
                look_again_later(batch, sku, "waiting")
                break
            some = waiting[: min(left, AT_ONCE)]
            freed = _seat(batch, set(some), known)
            done.update(some)
            given += len(some)
            left = pools.left(batch, sku)
            todo += sorted(one for one, count in freed.items() if count > 0 and one != sku)
            free |= freed


def _waiting(batch: Batch, sku: str, count: int, done: set[str]) -> list[str]:
    """Who has waited longest for a SKU, but for those whom this batch has looked at."""
    rows = batch.ask(_WAITING, sku=sku, count=count + len(done))
    return [row["user_id"] for row in rows if row["user_id"] not in done]
