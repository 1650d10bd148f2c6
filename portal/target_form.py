"""The form by which an application is attached or changed, and what it asks for."""

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    Field,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, NumberRange, ValidationError

from idp import sessions
from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.errors import Invalid
from idp.directory.provisioning import TargetView
from idp.directory.targets import AUTHS, MEMBERS_MAX, TargetSettings
from idp.licensing import queries as licensing
from idp.outgoing import Unreached, check_literal
from portal.forms import options
from portal.refusals import said

AUTH_WORDS: Any = {
    "bearer": _l("A token"),
    "client_credentials": _l("Client id and secret (OAuth)"),
}
LEAVER_WORDS: Any = {"deactivate": _l("Deactivate the account"), "delete": _l("Delete the account")}
WRITE_WORDS: Any = {
    "auto": _l("As it announces"),
    "patch": _l("Always PATCH"),
    "put": _l("Always PUT"),
}
MOST_GROUPS = 500
GONE = _l("(a group that is gone, or further down)")


class TargetForm(FlaskForm):
    """An application that we push people to."""

    name = StringField(_l("Name"), [InputRequired(_l("Give the application a name."))])
    base_url = StringField(_l("SCIM base address"), [InputRequired(_l("Give its address."))])
    auth = RadioField(_l("How we sign in there"), choices=options(AUTH_WORDS), default="bearer")
    token = PasswordField(_l("Token"))
    client_id = StringField(_l("Client id"))
    client_secret = PasswordField(_l("Client secret"))
    token_url = StringField(_l("Token address"))
    oauth_scope = StringField(_l("OAuth scope"))
    groups = SelectMultipleField(_l("For the members of"), validate_choice=True)
    licenses = SelectMultipleField(_l("For who holds"), validate_choice=True)
    push_groups = BooleanField(_l("Send the groups themselves, too"), default=True)
    deprovision = RadioField(
        _l("When somebody leaves"), choices=options(LEAVER_WORDS), default="deactivate"
    )
    mapping = TextAreaField(_l("Mapping"))
    writes = SelectField(_l("Changes are sent"), choices=options(WRITE_WORDS), default="auto")
    members_at_once = IntegerField(
        _l("Members in one request"),
        [
            InputRequired(_l("Say how many.")),
            NumberRange(
                1,
                MEMBERS_MAX,
                _l("Send 1 to %(most)s members at once.", most=MEMBERS_MAX),
            ),
        ],
        default=100,
    )

    def validate_base_url(self, field: Field) -> None:
        """An address that may not be asked is not kept either."""
        _check_address(field)

    def validate_token_url(self, field: Field) -> None:
        """As the base address, where it is used."""
        if self.auth.data == "client_credentials":
            _check_address(field)

    def settings(self) -> TargetSettings:
        """What was chosen. Raises Invalid where the mapping cannot be read."""
        return TargetSettings(
            base_url=(self.base_url.data or "").strip(),
            auth=self.auth.data,
            token_url=(self.token_url.data or "").strip(),
            oauth_scope=(self.oauth_scope.data or "").strip(),
            groups=tuple(self.groups.data or ()),
            licenses=tuple(self.licenses.data or ()),
            push_groups=bool(self.push_groups.data),
            deprovision=self.deprovision.data,
            writes=self.writes.data,
            members_at_once=self.members_at_once.data or 0,
            mapping=read_mapping(self.mapping.data or ""),
        )

    def secrets(self) -> dict[str, str]:
        """What was entered; nothing where all fields were left empty."""
        wanted = AUTHS.get(self.auth.data, ())
        given = {name: (self[name].data or "").strip() for name in wanted}
        return given if any(given.values()) else {}


def _check_address(field: Field) -> None:
    try:
        check_literal((field.data or "").strip(), sessions.settings().outgoing)
    except Unreached as refused:
        raise ValidationError(said(refused.sentence)) from refused


def read_mapping(text: str) -> dict[str, str]:
    """One line each: `attribute = source`. Raises Invalid."""
    found: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        wanted, equals, source = line.partition("=")
        if not equals or not wanted.strip() or not source.strip():
            sentence = f"Write each line as attribute = source; this is none: {line[:80]!r}"
            raise Invalid("mapping_line", sentence, attribute="mapping")
        found[wanted.strip()] = source.strip()
    return found


def form_for(actor: Actor, target: TargetView | None = None) -> TargetForm:
    """The form, filled with how the target is set; its secrets are never shown."""
    form = TargetForm(data=_held(target)) if target else TargetForm()
    groups = queries.page_groups(actor, limit=MOST_GROUPS).items
    listed = {one.id: one.display_name for one in groups}
    kept = target.settings.groups if target else ()
    # A scope that is not listed stays chosen: dropped in silence, it would mean everybody.
    form.licenses.choices = _products(actor, target)
    form.groups.choices = [*listed.items(), *((g, GONE) for g in kept if g not in listed)]
    return form


def _products(actor: Actor, target: TargetView | None) -> list[tuple[str, str]]:
    """What people can hold here; what was chosen stays chosen, as with groups."""
    listed = {sku.part_number: sku.name for sku in licensing.assignable_skus(actor)}
    kept = target.settings.licenses if target else ()
    return [*listed.items(), *((one, one) for one in kept if one not in listed)]


def _held(target: TargetView) -> dict[str, Any]:
    kept = target.settings.stored()
    lines = [f"{wanted} = {source}" for wanted, source in target.settings.mapping.items()]
    return kept | {"name": target.name, "mapping": "\n".join(lines)}


def field_of(attribute: str) -> str:
    """The field that a refusal speaks of: each line of the mapping stands in one field."""
    return "mapping" if attribute.startswith("mapping") else attribute
