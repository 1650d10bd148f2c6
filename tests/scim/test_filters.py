"""Filter text becomes the neutral tree, typed and in the vocabulary's names."""

import pytest

from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.directory.filtering import And, Compare, Not, Or, Present, ValuePath
from idp.directory.values import instant
from scim.filters import parse_filter
from scim.literals import MAX_DEPTH, MAX_TERMS
from tests.scim.language import BADGE, language, refusal

WORK = Compare("type", "eq", "work")
ORG_MAILS = Or(
    (
        Compare("emails.value", "co", "example.com"),
        Compare("emails.value", "co", "example.org"),
    )
)
A, B, C = (Compare("title", "eq", letter) for letter in "abc")

# Every filter of RFC 7644 §3.4.2.2 and what it means.
RFC_EXAMPLES = {
    'userName eq "bjensen"': Compare("userName", "eq", "bjensen"),
    'name.familyName co "O\'Malley"': Compare("name.familyName", "co", "O'Malley"),
    'userName sw "J"': Compare("userName", "sw", "J"),
    'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"': Compare("userName", "sw", "J"),
    "title pr": Present("title"),
    'meta.lastModified gt "2011-05-13T04:42:34Z"': Compare(
        "meta.lastModified", "gt", instant("2011-05-13T04:42:34.000Z")
    ),
    'meta.lastModified ge "2011-05-13T04:42:34Z"': Compare(
        "meta.lastModified", "ge", instant("2011-05-13T04:42:34.000Z")
    ),
    'title pr and userType eq "Employee"': And(
        (Present("title"), Compare("userType", "eq", "Employee"))
    ),
    'title pr or userType eq "Intern"': Or((Present("title"), Compare("userType", "eq", "Intern"))),
    'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")': And(
        (Compare("userType", "eq", "Employee"), ORG_MAILS)
    ),
    'userType ne "Employee" and not '
    '(emails co "example.com" or emails.value co "example.org")': And(
        (Compare("userType", "ne", "Employee"), Not(ORG_MAILS))
    ),
    'userType eq "Employee" and (emails.type eq "work")': And(
        (Compare("userType", "eq", "Employee"), Compare("emails.type", "eq", "work"))
    ),
    'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]': And(
        (
            Compare("userType", "eq", "Employee"),
            ValuePath("emails", And((WORK, Compare("value", "co", "@example.com")))),
        )
    ),
    'emails[type eq "work" and value co "@example.com"] or '
    'ims[type eq "xmpp" and value co "@foo.com"]': Or(
        (
            ValuePath("emails", And((WORK, Compare("value", "co", "@example.com")))),
            ValuePath(
                "ims",
                And((Compare("type", "eq", "xmpp"), Compare("value", "co", "@foo.com"))),
            ),
        )
    ),
}


@pytest.mark.parametrize("text", RFC_EXAMPLES)
def test_rfc7644_3_4_2_2_example_is_read(text: str) -> None:
    assert parse_filter(text, language()) == RFC_EXAMPLES[text]


def test_rfc7644_3_4_2_2_schemas_eq_asks_for_any_attribute_of_the_extension() -> None:
    tree = parse_filter(f'schemas eq "{BADGE}"', language())

    assert tree == Or(
        tuple(Present(f"{BADGE}:{n}") for n in ("badgeNumber", "floor", "issued", "colours"))
    )


MEANINGS = {
    # `or` binds weaker than `and`; the library has them alike.
    'title eq "a" or title eq "b" and title eq "c"': Or((A, And((B, C)))),
    'title eq "a" and title eq "b" or title eq "c"': Or((And((A, B)), C)),
    '(title eq "a" or title eq "b") and title eq "c"': And((Or((A, B)), C)),
    'not (title eq "a") and title eq "b"': And((Not(A), B)),
    # literals
    r'userName eq "a\"b\\c\u00e9"': Compare("userName", "eq", 'a"b\\cé'),
    'userName eq "a)b]c and d"': Compare("userName", "eq", "a)b]c and d"),
    "active eq false": Compare("active", "eq", False),
    f"{BADGE}:floor ge 12": Compare(f"{BADGE}:floor", "ge", 12),
    f"{BADGE}:floor eq -3": Compare(f"{BADGE}:floor", "eq", -3),
    "title eq null": Not(Present("title")),
    "title ne null": Present("title"),
    'title eq ""': Compare("title", "eq", ""),
    # names
    'USERNAME EQ "x"': Compare("userName", "eq", "x"),
    'externalId eq "7"': Compare("externalId", "eq", "7"),
    'id eq "7"': Compare("id", "eq", "7"),
    f'{ENTERPRISE_SCHEMA}:manager.value eq "7"': Compare(
        f"{ENTERPRISE_SCHEMA}:manager.value", "eq", "7"
    ),
    f'{ENTERPRISE_SCHEMA.upper()}:MANAGER eq "7"': Compare(
        f"{ENTERPRISE_SCHEMA}:manager.value", "eq", "7"
    ),
    'emails[type eq "work"].value sw "a"': ValuePath(
        "emails", And((WORK, Compare("value", "sw", "a")))
    ),
    'groups eq "7"': Compare("groups.value", "eq", "7"),
    'meta.resourceType eq "Group"': Not(Present("id")),
    f'{BADGE}:issued lt "2026-01-01T01:00:00+01:00"': Compare(
        f"{BADGE}:issued", "lt", instant("2026-01-01T00:00:00.000Z")
    ),
    f'{BADGE}:badgeNumber eq "B"': Compare(f"{BADGE}:badgeNumber", "eq", "B", exact=True),
    'meta.version eq "W/\\"7\\""': Compare("meta.version", "eq", 7),
    'meta.version ne "W/\\"7\\""': Not(Compare("meta.version", "eq", 7)),
    'meta.version eq "never ours"': Not(Present("id")),
    'meta.resourceType sw "Us"': Present("id"),
    'meta.resourceType ne "User"': Not(Present("id")),
    "meta.resourceType eq null": Not(Present("id")),
    f'{BADGE}:colours eq "red"': Compare(f"{BADGE}:colours", "eq", "red"),
}


@pytest.mark.parametrize("text", MEANINGS)
def test_filter_means(text: str) -> None:
    said = language()

    assert parse_filter(text, said) == MEANINGS[text]
    assert said.tolerance.notes == []


def test_membership_probe_of_entra_is_read_for_groups() -> None:
    tree = parse_filter('id eq "g" and members eq "u"', language("Group"))

    assert tree == And((Compare("id", "eq", "g"), Compare("members.value", "eq", "u")))


FOREIGN = {
    # Entra pulling from an HR source: seven digits, the year 1, any case (design: scim.md §2)
    'ActiVe eq true and (meta.lastmodified ge "0001-01-03T00:00:00.0000000Z")': And(
        (
            Compare("active", "eq", True),
            Compare("meta.lastModified", "ge", instant("0001-01-03T00:00:00.000Z")),
        )
    ),
    "userName sw O": Compare("userName", "sw", "O"),
    "meta.created gt 2026-01-01T00:00:00Z": Compare(
        "meta.created", "gt", instant("2026-01-01T00:00:00.000Z")
    ),
    'roles[primary eq "True"]': ValuePath("roles", Compare("primary", "eq", True)),
    'active eq "False"': Compare("active", "eq", False),
    "active eq True": Compare("active", "eq", True),
}


@pytest.mark.parametrize("text", FOREIGN)
def test_filter_of_a_real_client_is_read(text: str) -> None:
    assert parse_filter(text, language()) == FOREIGN[text]


@pytest.mark.parametrize("text", ["userName sw O", 'active eq "False"', "active eq True"])
def test_strict_profile_refuses_a_foreign_filter(text: str) -> None:
    assert refusal(parse_filter, text, language(profile="strict")) == (400, "invalidFilter")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "userName",
        "userName eq",
        'userName "x"',
        'userName eq "x" and',
        'userName eq "x" or or title pr',
        'userName eq "x" title pr',
        '(userName eq "x"',
        'userName eq "x")',
        'userName regex "x"',
        "userName eq 'x'",
        'userName eq "x',
        '"x" eq userName',
        "not title pr",
        "emails[]",
        'emails[type eq "work"',
        'emails[type eq "work"][value pr]',
        'emails[nothing eq "work"]',
        'emails[emails[type eq "x"]]',
        'title[value eq "x"]',
        'noSuchAttribute eq "x"',
        'userName eq "a" and noSuchAttribute eq "x"',
        "name.noSuchPart pr",
        "urn:no:such:schema:x pr",
        'name eq "x"',
        f'{ENTERPRISE_SCHEMA} eq "x"',
        "active gt true",
        'active co "t"',
        'active eq "maybe"',
        "title gt null",
        f'{BADGE}:floor eq "high"',
        f'{BADGE}:floor co "1"',
        'meta.created gt "yesterday"',
        'meta.location co "x"',
        'meta.version gt "x"',
        "meta.version eq 7",
        'meta eq "x"',
        r'userName eq "\ud800"',
        r'userName eq "\u0000"',
        r'userName eq "\q"',
        "\x00",
        "é eq 1",
    ],
)
def test_filter_that_says_nothing_sensible_is_refused(text: str) -> None:
    assert refusal(parse_filter, text, language()) == (400, "invalidFilter")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 9000,
        "(" * (MAX_DEPTH + 1) + "title pr" + ")" * (MAX_DEPTH + 1),
        "(" * 4000,
        "not (" * 1500,
        " or ".join(['title eq "x"'] * (MAX_TERMS + 1)),
        " or ".join(["title pr"] * (MAX_TERMS + 1)),
    ],
    ids=["long", "deep", "open", "nots", "terms", "presences"],
)
def test_filter_bomb_is_refused(text: str) -> None:
    assert refusal(parse_filter, text, language()) == (400, "invalidFilter")


def test_password_cannot_be_searched_for() -> None:
    assert refusal(parse_filter, 'password sw "a"', language()) == (403, "sensitive")
