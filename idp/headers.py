"""What every answer tells the browser: load only what is ours, keep nothing, frame nowhere.

`form-action` is special: Chromium applies it to the whole chain of redirects that follows a
form's POST. Whoever shows a form that posts to a partner sets `flask.g.form_action` to the
origins that this form may reach; elsewhere a form reaches this server alone.
"""

from flask import Response, g, request

_FIXED = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_OTHERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_HSTS = "max-age=31536000; includeSubDomains"


def add_headers(answer: Response) -> Response:
    """Add what an answer lacks; a door that knows better has set its own."""
    allowed = " ".join(["'self'", *g.get("form_action", ())])
    answer.headers.setdefault("Content-Security-Policy", f"{_FIXED}; form-action {allowed}")
    for name, value in _OTHERS.items():
        answer.headers.setdefault(name, value)
    if request.is_secure:
        answer.headers.setdefault("Strict-Transport-Security", _HSTS)
    if not (request.endpoint or "").endswith("static"):
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer
