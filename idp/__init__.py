"""Chamberlain: one directory of people and groups; everything else is a door into it.

The rooms, from the ground up (each may import only what lies below it):

    extensions, config, clock   what every room stands on
    directory                   the truth about people; speaks no protocol
    changes                     the one write path: intents in, audited facts out
    sessions                    who is signed in here, since when, how strongly
    federation                  sign-in across borders (SAML today)
    jobs, cli, app              what runs it all; `app.create_app` knows every door

`scim/` and `portal/` are doors beside `federation`; no door knows another.
"""
