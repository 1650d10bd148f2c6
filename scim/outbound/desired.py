"""Who should be at a target and what they should look like there: read in sets, as of now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from idp.directory import queries
from idp.directory.actors import Actor
from idp.directory.attributes import ENTERPRISE_SCHEMA
from idp.directory.provisioning import LinkView, TargetView
from idp.directory.views import UserView
from idp.licensing import queries as licensing
from idp.licensing.held import Entitlement
from scim.outbound import mapping
from scim.outbound.plan import Desired, Step, step_for


@dataclass(frozen=True, slots=True)
class Reader:
    """What one turn needs to know; the actor is the product itself, in one organization."""

    actor: Actor
    target: TargetView
    mapper: mapping.Mapper

    def people(self, ids: Collection[str]) -> list[Step]:
        """The steps for these people: a few queries, however many they are."""
        settings = self.target.settings
        inside = queries.people_in_scope(self.actor, settings, ids)
        views = queries.find_users(self.actor, inside)
        bosses = {v.manager_id for v in views.values() if v.manager_id}
        links = self.links({*ids, *bosses})
        entitled = self.entitled(views)
        desired = {v.id: self.person(v, links, entitled) for v in views.values()}
        return self._steps(ids, desired, links)

    def entitled(self, ids: Collection[str]) -> Mapping[str, Sequence[Entitlement]]:
        """What these people may use, where the target is told of it."""
        if not self.mapper.tells_entitlements:
            return {}
        return licensing.entitlements_of(self.actor.org_id, ids)

    def person(
        self,
        view: UserView,
        links: dict[str, LinkView],
        entitled: Mapping[str, Sequence[Entitlement]],
    ) -> Desired:
        """What should be there of one person; their manager by the name that the target has."""
        boss = links.get(view.manager_id or "")
        manager = boss.remote_id if boss else None
        record = self.mapper.user(view, manager, entitled.get(view.id, ()))
        return Desired(view.id, "User", view.user_name, record)

    def groups(self, ids: Collection[str]) -> list[Step]:
        """The steps for these groups, without their members: two queries."""
        sent = queries.groups_in_scope(self.actor, self.target.settings, ids)
        desired = {
            one: Desired(one, "Group", name, mapping.group(one, name)) for one, name in sent.items()
        }
        return self._steps(ids, desired, self.links(ids))

    def links(self, ids: Collection[str]) -> dict[str, LinkView]:
        """What the target has of these subjects."""
        return queries.target_links(self.actor, self.target.id, ids)

    def _steps(
        self, ids: Collection[str], desired: dict[str, Desired], links: dict[str, LinkView]
    ) -> list[Step]:
        deprovision = self.target.settings.deprovision
        steps = (
            step_for(one, desired.get(one), links.get(one), deprovision) for one in sorted(ids)
        )
        return [step for step in steps if step is not None]


def mapper_of(actor: Actor, target: TargetView) -> mapping.Mapper:
    """How a target's records are made, by its settings and by what it announces."""
    announced = target.abilities.get("attributes")
    return mapping.Mapper(
        queries.vocabulary(actor),
        frozenset(announced) if announced else None,
        target.settings.mapping,
    )


def has_managers(mapper: mapping.Mapper) -> bool:
    """Whether a person's record names their manager, who may arrive after them."""
    prefix = f"{ENTERPRISE_SCHEMA}:manager"
    return any(path.startswith(prefix) for path in mapper.paths)
