"""What every answer tells the browser: load only what is ours, keep nothing, frame nowhere.

`form-action` is special: Chromium applies it to the whole chain of redirects that follows a
form's POST. Whoever shows a form that posts to a partner sets `flask.g.form_action` to the
origins that this form may reach; elsewhere a form reaches this server alone.
"""

from collections.abc import Iterable

from flask import Response, g, request

_FIXED = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_OTHERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
)
_CONTENT = ("Content-Security-Policy", f"{_FIXED}; form-action 'self'")
_HSTS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
_UNKEPT = ("Cache-Control", "no-store")


def add_headers(answer: Response) -> Response:
    """Add what an answer lacks; a door that knows better has set its own."""
    wanted = [_content(g.get("form_action", ())), *_OTHERS]
    if request.is_secure:
        wanted.append(_HSTS)
    if not (request.endpoint or "").endswith("static"):
        wanted.append(_UNKEPT)
    set_already = {name.lower() for name in answer.headers.keys()}  # noqa: SIM118  not a dict
    answer.headers.extend([one for one in wanted if one[0].lower() not in set_already])
    return answer


def _content(form_action: Iterable[str]) -> tuple[str, str]:
    if not form_action:
        return _CONTENT
    return _CONTENT[0], " ".join((_CONTENT[1], *form_action))
