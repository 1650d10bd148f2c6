"""The other direction: people and groups are pushed to applications that speak SCIM.

A target follows the audit (`idp.changes.followers`), and each turn flows through these files:

    deliver     audit entries -> who is affected; or a walk over everybody, page by page
    brake       a mass removal stops here until an administrator approves exactly that
    desired     who is in scope, and what they should look like there; read in sets
    mapping     a person's record -> the target's record
    plan        pure: desired x what was last sent -> a step, or nothing
    carry       takes the steps: creates (looks first), changes, shuts out, removes; writes down
    members     memberships as additions and removals, in chunks
    client      HTTP and its outcomes: done, refused (this subject), halted (the whole turn)
    reconcile   lists the whole target; what differs from what was sent is sent again
    preview     the plan alone, without a write

Every turn looks at how things stand *now*, never at what an entry says: a repeated or lost turn
does no harm. What one subject is refused for is kept with it and holds up nobody.
"""

from scim.outbound.deliver import lead
from scim.outbound.preview import Preview, preview, preview_person
from scim.outbound.trial import Trial, try_target

__all__ = ["Preview", "Trial", "lead", "preview", "preview_person", "try_target"]
