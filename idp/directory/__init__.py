"""The truth about people, groups and organizations; it speaks no protocol.

`attributes` is the one vocabulary: whatever a person or group can have, in SCIM's names.
`users`, `groups`, `orgs`, `domains`, `roles`, `credentials`, `connections` hold the tables.
`values` says how names are normalised and compared; `errors` what can go wrong, in sentences.
`queries` (from `people`, `teams`, `trust`, `callers` and their like) is every read: it takes an
Actor and stays in its organization. `filter_sql` and `group_filter_sql` turn a filter into SQL
by `comparisons`; `views` are what comes back.
Nothing here writes: that is the business of `idp.changes`, which stands one floor above.
"""
