"""A realistic company, the same for the same seed: the demo's people, and the tests' HR feed.

    company(people=1000, groups=60, seed=1) -> Company(people, groups)

Pure data, no database: managers, members and nested groups are told by their place in the lists,
and `Person.record` gives what an HR system would send by SCIM. The first person leads; managers
stand before those who report to them, and groups before the groups that hold them.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from idp.company_names import CULTURES, DEPARTMENTS, PROJECTS, SITES, Culture, Department, Site
from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.directory.values import search_form

DOMAIN = "northwind.example"
TEAM = 9  # people who report to one lead
_SHARED_NAME = (3, 7)  # these two people have the very same name
_NOT_IN_ADDRESS = re.compile(r"[^a-z0-9]+")
_WEIGHTS = list(accumulate(department.weight for department in DEPARTMENTS))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works for the company. `manager` is a place in `Company.people`."""

    user_name: str
    given: str
    family: str
    display_name: str
    work_email: str
    home_email: str
    work_phone: str
    mobile_phone: str
    title: str
    department: str
    division: str
    cost_center: str
    employee_number: str
    manager: int | None
    locale: str
    timezone: str
    site: str
    address: dict[str, Any] = field(hash=False)
    organization: str = ""

    def record(self, manager_id: str | None = None) -> dict[str, Any]:
        """The person as SCIM shows one (RFC 7643 §8.3), with the manager's id where it is known."""
        employment: dict[str, Any] = {
            "employeeNumber": self.employee_number,
            "costCenter": self.cost_center,
            "organization": self.organization,
            "division": self.division,
            "department": self.department,
        }
        if manager_id is not None:
            employment["manager"] = {"value": manager_id}
        return {
            "userName": self.user_name,
            "name": {
                "givenName": self.given,
                "familyName": self.family,
                "formatted": self.display_name,
            },
            "displayName": self.display_name,
            "title": self.title,
            "userType": "Employee",
            "preferredLanguage": self.locale,
            "locale": self.locale,
            "timezone": self.timezone,
            "active": True,
            "emails": [
                {"value": self.work_email, "type": "work", "primary": True},
                {"value": self.home_email, "type": "home"},
            ],
            "phoneNumbers": [
                {"value": self.work_phone, "type": "work"},
                {"value": self.mobile_phone, "type": "mobile"},
            ],
            "addresses": [dict(self.address)],
            ENTERPRISE_SCHEMA: employment,
        }


@dataclass(frozen=True, slots=True)
class Team:
    """A group: `people` and `teams` are places in the company's lists."""

    name: str
    kind: str  # "department", "division", "site", "project", "everybody"
    people: tuple[int, ...] = ()
    teams: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Company:
    """A company: everybody, and the groups they are in."""

    name: str
    domain: str
    people: tuple[Person, ...]
    groups: tuple[Team, ...]


def company(
    people: int = 1000,
    groups: int = 60,
    seed: int = 1,
    *,
    name: str = "Northwind Household Goods",
    domain: str = DOMAIN,
) -> Company:
    """A company of this many people and at most this many groups; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  invented people are no secret
    staff = tuple(_people(_Hiring(chance, name, domain), people))
    return Company(name, domain, staff, tuple(_groups(chance, staff, groups)))


@dataclass(slots=True)
class _Hiring:
    """What is drawn from, and what is taken, while people are made one after the other."""

    chance: random.Random
    organization: str
    domain: str
    taken: set[str] = field(default_factory=set)
    crews: dict[str, list[int]] = field(default_factory=dict)  # who leads people in a department
    namesake: tuple[Culture, str, str] | None = None


def _people(hiring: _Hiring, count: int) -> Iterator[Person]:
    """Each in a department; the first of a department heads it, every ninth leads a team."""
    for place in range(count):
        department = _department(hiring.chance, place)
        crew = hiring.crews.setdefault(department.name, [])
        yield _person(hiring, place, department, crew)
        if not crew or hiring.chance.random() < 1 / TEAM:
            crew.append(place)


def _department(chance: random.Random, place: int) -> Department:
    """The first people take a department each, so that every one has a head."""
    if place < len(DEPARTMENTS):
        return DEPARTMENTS[place]
    drawn = chance.randrange(_WEIGHTS[-1])
    return next(d for d, upto in zip(DEPARTMENTS, _WEIGHTS, strict=True) if drawn < upto)


def _named(hiring: _Hiring, place: int) -> tuple[Culture, str, str]:
    """A name of one's own, but for the two who share one."""
    named = _name(hiring.chance)
    if place == _SHARED_NAME[0]:
        hiring.namesake = named
    elif place == _SHARED_NAME[1] and hiring.namesake is not None:
        return hiring.namesake
    return named


def _name(chance: random.Random) -> tuple[Culture, str, str]:
    culture = chance.choice(CULTURES)
    given = chance.choice(chance.choice((culture.women, culture.men)).split(","))
    families = culture.families.split(",")
    family = chance.choice(families)
    if culture.two_surnames:
        family = f"{family} {chance.choice(families)}"
    elif chance.random() < 0.06:
        family = f"{family}-{chance.choice([f for f in families if f != family])}"
    return culture, given, family


def _person(hiring: _Hiring, place: int, department: Department, crew: list[int]) -> Person:
    chance = hiring.chance
    culture, given, family = _named(hiring, place)
    site = _site(chance, culture)
    local = _free(f"{_address(given)}.{_address(family)}"[:60], hiring.taken)
    shown = f"{family} {given}" if culture.family_first else f"{given} {family}"
    return Person(
        user_name=f"{local}@{hiring.domain}",
        given=given,
        family=family,
        display_name=shown,
        work_email=f"{local}@{hiring.domain}",
        home_email=f"{local}@{chance.choice(('mail', 'post', 'home'))}.example",
        work_phone=f"{site.phone}{chance.randrange(100, 200)}",
        mobile_phone=f"{site.phone}{chance.randrange(200, 1000)}",
        title=_title(place, department, len(crew)),
        department=department.name,
        division=department.division,
        cost_center=department.cost_center,
        employee_number=f"{100_000 + place * 7}",
        manager=_manager(chance, place, crew),
        locale=culture.locale,
        timezone=site.timezone,
        site=site.name,
        address=_place(chance, site),
        organization=hiring.organization,
    )


def _title(place: int, department: Department, leads: int) -> str:
    if place == 0:
        return "Chief Executive Officer"
    return department.titles[min(leads, len(department.titles) - 1)]


def _manager(chance: random.Random, place: int, crew: Sequence[int]) -> int | None:
    """The head of a department reports to the first person, the others to a lead of their own."""
    if place == 0:
        return None
    return chance.choice(crew) if crew else 0


def _site(chance: random.Random, culture: Culture) -> Site:
    """People work in their own country, where there is a site, more often than elsewhere."""
    near = [site for site in SITES if site.country == culture.country]
    return near[0] if near and chance.random() < 0.8 else chance.choice(SITES)


def _place(chance: random.Random, site: Site) -> dict[str, Any]:
    street = f"{site.street} {chance.randrange(1, 180)}"
    return {
        "type": "work",
        "streetAddress": street,
        "locality": site.name,
        "region": site.region,
        "postalCode": site.postal_code,
        "country": site.country,
        "formatted": f"{street}\n{site.postal_code} {site.name}\n{site.country}",
    }


def _address(name: str) -> str:
    """A name as the part of an address: "Ó Súilleabháin" is o.suilleabhain."""
    plain = search_form(name).replace("'", "")
    return _NOT_IN_ADDRESS.sub(".", plain).strip(".")


def _free(local: str, taken: set[str]) -> str:
    free, number = local, 1
    while free in taken:
        number += 1
        free = f"{local}{number}"
    taken.add(free)
    return free


def _groups(chance: random.Random, staff: Sequence[Person], count: int) -> Iterator[Team]:
    """Departments, then the divisions that hold them, then everybody; sites; projects."""
    made: list[Team] = [
        Team(d.name, "department", _where(staff, "department", d.name)) for d in DEPARTMENTS
    ]
    divisions = list(dict.fromkeys(d.division for d in DEPARTMENTS))
    for division in divisions:
        inside = tuple(i for i, d in enumerate(DEPARTMENTS) if d.division == division)
        made.append(Team(f"{division} (division)", "division", teams=inside))
    first = len(DEPARTMENTS)
    made.append(Team("All staff", "everybody", teams=tuple(range(first, first + len(divisions)))))
    made += [Team(f"Site {s.name}", "site", _where(staff, "site", s.name)) for s in SITES]
    yield from made[:count]
    for number in range(max(0, count - len(made))):
        size = min(len(staff), chance.randrange(4, 25))
        members = tuple(sorted(chance.sample(range(len(staff)), size)))
        yield Team(_project(number), "project", members)


def _where(staff: Sequence[Person], attribute: str, value: str) -> tuple[int, ...]:
    return tuple(i for i, person in enumerate(staff) if getattr(person, attribute) == value)


def _project(number: int) -> str:
    lap, place = divmod(number, len(PROJECTS))
    return f"Project {PROJECTS[place]}" + (f" {lap + 1}" if lap else "")
