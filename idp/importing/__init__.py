"""People by CSV file: read it, map its columns, rehearse it, make it, say what became of each row.

    files      bytes to rows: encoding and delimiter are found out; pure
    columns    which column means which attribute, guessed from its heading; pure
    people     rows to changes, with the people and groups that they name
    run        a chunk through the write path, in a rehearsal or in earnest; the worker's turn
    results    the file again, with what became of each row; it can be given back

The portal and the command line use the same; `idp.changes.imports` keeps a file and how far it is.
"""
