"""The truth about people, groups and organizations; it speaks no protocol.

`attributes` is the one vocabulary: every attribute a person or group can have, in SCIM's names.
`users`, `groups`, `orgs`, `domains`, `roles`, `credentials`, `connections`, `history` hold the tables.
`values` says how names are normalised and compared; `errors` what can go wrong, in sentences.
`queries` and its siblings are every read: each takes an Actor and stays in its organization.
Nothing here writes: that is the business of `idp.changes`, which stands one floor above.
"""
