"""Sign-in across borders: other parties' applications accept the people of our directory.

One SAML 2.0 sign-on, from the first byte to the last:

    routes          every URL in one table
    bindings        the message and its signature, exactly as the browser carried them
    safexml         the one parser, without DOCTYPE, entities, network, or unbounded size
    authn_request   the bytes become a frozen `AuthnRequest`
    registration    a partner's metadata, read once, becomes the terms on which we serve it
    partner         these terms, loaded once per version of the connection
    saml_accept     is the request sound, and from whom?  saml_idp  who is it, and what to say?
    xmlsig, xmlenc  sign, verify and encrypt in this process, with keys from configuration only
    parked          a request waits, sealed, while its person signs in; one URL resumes it
    nameid, release which name and which attributes this partner receives
    context         how strongly the person signed in
    response        the answer, built as a tree and never as text
    home, keys      our own side: addresses, scopes, signing keys (current and next)
    replay          requests already answered

Systems that provision get access tokens:

    issuer          an organization as an authorization server: addresses, metadata
    oauth_request   the request, read strictly;  oauth  the flow, by Authlib, which it alone knows
    assertions      what a client signs;  client_keys  the public keys by which it is checked
    oauth_answers   JSON, also where something goes wrong

`pysaml` alone knows pysaml2, for metadata in both directions; no signature, encryption or
process of pysaml2 is used.
"""

from . import oauth_answers
from .routes import OF_MACHINES, bind

__all__ = ["OF_MACHINES", "bind", "oauth_answers"]
