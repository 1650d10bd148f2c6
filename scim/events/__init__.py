"""Events: what happens in the directory, told as Security Event Tokens (RFC 9967, RFC 8417).

A stream follows the audit from its own position (`idp.changes.followers`):

    telling    audit entries -> tokens' claims, pure: which event, about whom, with what
    feed       whom a stream over some groups tells about; who entered it, who left
    follow     one step of a stream, by a worker: tell, then push or keep to be polled
    push       RFC 8935: POST each token to the receiver
    polling    RFC 8936: the receiver asks, and acknowledges
    signing    claims -> signed token; the public keys for receivers

The identifier of a token follows from the stream and the audit entry, so one that is sent twice,
because a worker died in between, is known by it.
"""

from scim.events.follow import follow

__all__ = ["follow"]
