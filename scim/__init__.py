"""The SCIM door: RFC 7643 and 7644 at /scim/v2, for HR systems and identity providers.

A request flows through these files, in this order:

    routes       one table of address and method; turns every error into SCIM JSON
    limits       not too often; and, before that, who calls:
    auth         bearer token -> Actor of one connection in one organization
    reading      bytes -> JSON within limits -> record in the vocabulary's names
    dialects     what real clients send instead of the standard, straightened and noted
    operations   PATCH body -> typed operations;  patch  applies them in memory, pure
    filters      filter text -> neutral tree, which idp.directory turns into SQL
    resources    Users and Groups: read, decide the intents, idp.changes.apply, render
    tables       record -> SCIM JSON;  projection, listing, discovery  shape the answers
    journal      what was asked and what came of it, without secrets (`redaction`), written by
                 `recorder`;  rehearsal  finds out what a kept request would do now

It holds no rule about people: those live in `idp.changes`, which every write goes through.
"""

from scim.rehearsal import rehearse
from scim.routes import answer_failure, answer_http_error, answer_refusal, bind

__all__ = ["answer_failure", "answer_http_error", "answer_refusal", "bind", "rehearse"]
