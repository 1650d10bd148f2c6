"""The one write path. Every door asks by intents; nobody else writes.

    apply(*changes, by=actor)       one change or ten thousand, all or nothing:
      loading        load and lock the rows that the changes name, in sets
      authority      may this actor do this; which source owns which attribute
      handlers       the nouns' own verbs: people, groups, access, administration
      consequences   what follows: memberships, effective groups, ended sessions
      (diff)         nothing changed, nothing written
      rules          what must hold; database constraints give the certainty
      audit, outbox  who, by which door, from what to what; the effects that are owed
      store          multi-row writes, and one commit

`ledger` holds the few technical records that are no changes of the directory: throttles, last
use, replay marks, parked requests, leases. `followers` read the audit on, each from its position.
"""

from idp.changes.apply import Outcome, apply
from idp.changes.batch import Result

__all__ = ["Outcome", "Result", "apply"]
