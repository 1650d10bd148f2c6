"""Which column means what: guessed from its heading, in English, German or French.

A mapping is {number of the column: what it means}: a path of the attribute vocabulary, or one of
ID (the person, by our id), GROUPS (names of groups, separated by |). What is not in it is left.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from idp.directory.attributes import ENTERPRISE_SCHEMA, USER_SCHEMA, Attribute, Vocabulary
from idp.directory.errors import Invalid

ID, GROUPS = "id", "groups"
MANAGER = f"{ENTERPRISE_SCHEMA}:manager.value"
LISTS = ("emails", "phoneNumbers")
SEPARATOR = "|"
# The columns of a result file: they are told, never read.
STATUS = ("status", "code", "message")
_E = ENTERPRISE_SCHEMA + ":"

# {what it means: headings as people write them}, all compared without case, accents and signs.
_SPOKEN: dict[str, str] = {
    ID: "id",
    "userName": "user name|username|login|sign-in name|upn|user principal name|benutzername|"
    "anmeldename|benutzer|nom d'utilisateur|identifiant|utilisateur",
    "name.givenName": "given name|first name|firstname|forename|vorname|rufname|prenom",
    "name.familyName": "family name|last name|lastname|surname|nachname|familienname|"
    "nom|nom de famille",
    "name.middleName": "middle name|middle names|zweiter vorname|deuxieme prenom",
    "name.formatted": "full name|vollstandiger name|nom complet",
    "name.honorificPrefix": "title before the name|salutation|titel|anrede|civilite",
    "displayName": "name|display name|anzeigename|nom affiche|nom d'affichage",
    "nickName": "nickname|spitzname|surnom",
    "title": "job title|position|title|stellenbezeichnung|funktion|fonction|poste|"
    "intitule du poste",
    "emails": "e-mail|email|mail|e-mail address|e-mail-adresse|mailadresse|courriel|adresse e-mail",
    "phoneNumbers": "telephone|phone|phone number|telefon|telefonnummer|rufnummer|"
    "numero de telephone",
    "active": "active|enabled|aktiv|actif",
    "userType": "kind of person|user type|employee type|art|type d'utilisateur",
    "preferredLanguage": "language|preferred language|sprache|langue",
    "locale": "locale|gebietsschema|parametres regionaux",
    "timezone": "time zone|timezone|zeitzone|fuseau horaire",
    _E + "employeeNumber": "employee number|employee id|personnel number|personalnummer|"
    "mitarbeiternummer|matricule|numero d'employe",
    _E + "department": "department|abteilung|service|departement",
    _E + "division": "division|bereich|sparte",
    _E + "organization": "legal entity|company|organization|firma|gesellschaft|entite juridique|"
    "societe|entreprise",
    _E + "costCenter": "cost centre|cost center|kostenstelle|centre de couts",
    MANAGER: "manager|supervisor|vorgesetzter|vorgesetzte|fuhrungskraft|responsable|superieur",
    GROUPS: "groups|group|gruppen|gruppe|groupes|groupe",
}


def _form(text: str) -> str:
    """A heading without case, accents and signs."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]", "", bare)


_KNOWN = {_form(name): path for path, names in _SPOKEN.items() for name in names.split("|")}


def choices(vocabulary: Vocabulary) -> list[str]:
    """All that a column can mean, in the order in which it is offered."""
    own = [path for path, leaf in vocabulary.user_leaves.items() if _writable(leaf.attribute)]
    fit = [path for path in own if path in LISTS or not vocabulary.user_leaves[path].top.multi]
    offered = [path for path in _SPOKEN if path in fit or path in (ID, GROUPS)]
    return offered + [path for path in fit if path not in offered]


def _writable(attribute: Attribute) -> bool:
    fit = attribute.mutability == "readWrite" and not attribute.name.startswith("$")
    return fit and (attribute.type != "complex" or attribute.name in LISTS)


def guess(header: Sequence[str], vocabulary: Vocabulary) -> dict[int, str]:
    """What the headings probably mean; each meaning is given once, to the first who claims it."""
    fit, found = set(choices(vocabulary)), dict[int, str]()
    for number, heading in enumerate(header):
        meant = _meant(heading, vocabulary)
        if meant in fit and meant not in found.values():
            found[number] = meant
    return _beside_given(found, header)


def _beside_given(found: dict[int, str], header: Sequence[str]) -> dict[int, str]:
    """Beside given names, a bare “Name” is the family’s."""
    meanings = found.values()
    if "name.givenName" in meanings and "name.familyName" not in meanings:
        return {n: "name.familyName" if _form(header[n]) == "name" else m for n, m in found.items()}
    return found


def _meant(heading: str, vocabulary: Vocabulary) -> str:
    if heading.casefold() in STATUS:
        return ""
    leaf = vocabulary.find(heading.removeprefix(USER_SCHEMA + ":"))
    by_name = leaf.path if leaf and leaf.path not in ("name", "groups") else ""
    return by_name or _KNOWN.get(_form(heading), "")


def check(mapping: Mapping[int, str], header: Sequence[str], vocabulary: Vocabulary) -> None:
    """Refuse a mapping that cannot be followed. Raises Invalid (mapping_…)."""
    fit, meanings = set(choices(vocabulary)), list(mapping.values())
    if not set(meanings) <= fit or not all(0 <= number < len(header) for number in mapping):
        raise _wrong("mapping_unknown", "A column is mapped to what does not exist.")
    twice = sorted({one for one in meanings if meanings.count(one) > 1})
    if twice:
        raise _wrong("mapping_twice", f"Two columns are mapped to {twice[0]}.")
    if not {ID, "userName"} & set(meanings):
        raise _wrong(
            "mapping_incomplete", "Say which column holds the user name, or the id of people here."
        )


def _wrong(code: str, sentence: str) -> Invalid:
    return Invalid(code, sentence, attribute="mapping")


def template() -> list[list[str]]:
    """A file to begin with: the headings, and one row that shows how values are written."""
    shown = {
        "userName": "ada@example.com",
        "name.givenName": "Ada",
        "name.familyName": "Lovelace",
        "displayName": "Ada Lovelace",
        "emails": "ada@example.com|ada.lovelace@example.org",
        "phoneNumbers": "+44 20 7946 0000",
        "title": "Analyst",
        _E + "department": "Research",
        _E + "employeeNumber": "1815",
        MANAGER: "charles@example.com",
        "active": "yes",
        GROUPS: "Research|Everyone in London",
    }
    return [[heading_of(path) for path in shown], list(shown.values())]


def heading_of(path: str) -> str:
    """A meaning as the template writes it."""
    return path.removeprefix(_E).removesuffix(".value")
