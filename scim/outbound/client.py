"""A SCIM client over one kept connection: requests, and the three ways in which they end.

An answer; `Refused`, which concerns this one subject; `Halted`, which ends the whole turn.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

from idp.clock import now
from idp.directory.sets import storable
from idp.directory.targets import TargetSettings
from idp.outgoing import Allowed, Answer, Session, Unreached

Resource = dict[str, Any]
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MEDIA = "application/scim+json"
LONGEST_PAUSE = timedelta(hours=6)
SHOWN = 300
MOST = 10_000_000  # resources of one kind: who claims more is not believed
LONGEST_ID = 512
BUSY = frozenset({502, 503, 504})


class Refused(Exception):
    """The target will not do this to this subject. `sentence` is for administrators."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status}: {sentence}")
        self.status = status
        self.sentence = sentence

    @property
    def code(self) -> str:
        """The class of the error, by which administrators group them."""
        names = {404: "gone", 409: "taken", 413: "too_large"}
        return names.get(self.status, "failing" if self.status >= 500 else "refused")


class Gone(Refused):
    """There is no such resource at the target (any more)."""


class Taken(Refused):
    """Another resource at the target has what must be unique."""


class Broken(Refused):
    """The target fails at this request (500, 501): it may be the subject, or the target."""

    def halting(self) -> "Halted":
        """The same, as what ends a turn."""
        return Halted("failing", f"The application failed: {self.sentence}")


class Halted(Exception):
    """Nothing can be sent now. `pause` is how long the target asked to be left alone."""

    def __init__(self, code: str, sentence: str, pause: timedelta | None = None) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.pause = pause


class Client:
    """One target, for one turn."""

    def __init__(
        self, settings: TargetSettings, secrets: Mapping[str, str], allowed: Allowed
    ) -> None:
        self.settings = settings
        self.secrets = secrets
        self.allowed = allowed
        self.base = settings.base_url.rstrip("/")
        self.bearer = secrets.get("token", "")
        try:
            self.session = Session(self.base, allowed)
        except Unreached as refused:
            raise _unreached(refused) from refused

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.session.close()

    # --- SCIM ------------------------------------------------------------------------------------

    def create(self, place: str, resource: Resource) -> Resource:
        """POST; the resource with the target's id."""
        return self._json(self._send("POST", f"/{place}", resource))

    def patch(self, place: str, remote_id: str, operations: Sequence[Resource]) -> None:
        """PATCH (RFC 7644 §3.5.2)."""
        body = {"schemas": [PATCH_OP], "Operations": list(operations)}
        self._send("PATCH", _at(place, remote_id), body)

    def put(self, place: str, remote_id: str, resource: Resource) -> None:
        """PUT: the whole resource."""
        self._send("PUT", _at(place, remote_id), resource)

    def delete(self, place: str, remote_id: str) -> None:
        """DELETE."""
        self._send("DELETE", _at(place, remote_id))

    def get(self, place: str, remote_id: str) -> Resource:
        """One resource."""
        return self._json(self._send("GET", _at(place, remote_id)))

    def find(self, place: str, attribute: str, value: str) -> Resource | None:
        """The one resource with this value; the target's idea of sameness is not trusted."""
        quoted = json.dumps(value, ensure_ascii=False)
        found = self.page(place, 1, 10, f"{attribute} eq {quoted}")[0]
        alike = [one for one in found if str(one.get(attribute, "")).lower() == value.lower()]
        return alike[0] if len(alike) == 1 else None

    def page(
        self, place: str, start: int, count: int, filter_: str = "", without: str = ""
    ) -> tuple[list[Resource], int]:
        """(resources, how many there are) from the one at `start`, 1-based (RFC 7644 §3.4.2.4)."""
        asked: dict[str, str | int] = {"startIndex": start, "count": count}
        if filter_:
            asked["filter"] = filter_
        if without:
            asked["excludedAttributes"] = without
        listed = self._json(self._send("GET", f"/{place}?{urlencode(asked, quote_via=quote)}"))
        found = listed.get("Resources") or []
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise Halted("not_scim", "The application’s list is not what SCIM says a list is.")
        total = listed.get("totalResults")
        return found, total if isinstance(total, int) and total <= MOST else len(found)

    def discover(self, name: str) -> Resource | None:
        """ServiceProviderConfig or Schemas; None where the target has none."""
        try:
            return self._json(self._send("GET", f"/{name}"))
        except Refused:
            return None

    # --- HTTP ------------------------------------------------------------------------------------

    def _send(self, method: str, path: str, body: Resource | None = None) -> Answer:
        answer = self._ask(method, path, body)
        if answer.status == 401 and self.settings.auth == "client_credentials":
            self.bearer = ""  # it may have run out
            answer = self._ask(method, path, body)
        return _judged(answer)

    def _ask(self, method: str, path: str, body: Resource | None) -> Answer:
        headers = {"Accept": f"{MEDIA}, application/json", "Authorization": self._authorization()}
        content = None
        if body is not None:
            headers["Content-Type"] = MEDIA
            content = json.dumps(body, ensure_ascii=False).encode()
        try:
            return self.session.send(method, self.base + path, headers=headers, body=content)
        except Unreached as refused:
            raise _unreached(refused) from refused

    def _authorization(self) -> str:
        if not self.bearer:
            self.bearer = self._fetched_token()
        return f"Bearer {self.bearer}"

    def _fetched_token(self) -> str:
        """An access token for our client credentials (RFC 6749 §4.4, §2.3.1)."""
        named = (
            quote(self.secrets.get(name, ""), safe="") for name in ("client_id", "client_secret")
        )
        form = {"grant_type": "client_credentials"}
        if self.settings.oauth_scope:
            form["scope"] = self.settings.oauth_scope
        headers = {
            "Authorization": "Basic " + base64.b64encode(":".join(named).encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        try:
            with Session(self.settings.token_url, self.allowed) as there:
                answer = there.send(
                    "POST", self.settings.token_url, headers=headers, body=urlencode(form).encode()
                )
        except Unreached as refused:
            raise _unreached(refused) from refused
        if answer.status in (400, 401, 403):
            raise Halted("not_let_in", "The token address refuses the client id and secret.")
        token = self._json(_judged(answer)).get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise Halted("not_let_in", "The token address gave no access token.")
        return token

    @staticmethod
    def _json(answer: Answer) -> Resource:
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise Halted("not_scim", "The application answered with something that is not SCIM.")
        return said


def id_of(resource: Resource) -> str:
    """The target's id of a resource. Raises Refused where it is none that can be kept."""
    given = resource.get("id")
    if isinstance(given, str) and 0 < len(given) <= LONGEST_ID and storable(given):
        return given
    raise Refused(502, "The application gave the resource no id that can be kept.")


def _at(place: str, remote_id: str) -> str:
    return f"/{place}/{quote(remote_id, safe='')}"


def _judged(answer: Answer) -> Answer:
    """The answer of a success; else what its status means."""
    status = answer.status
    if 200 <= status < 300:
        return answer
    if status in (401, 403):
        sentence = "The application does not let us in: its token may have ended. Give a new one."
        raise Halted("not_let_in", sentence)
    if status == 429 or status in BUSY:
        sentence = "The application asks to be left alone for a while, or is not there."
        raise Halted("busy", f"{sentence} (HTTP {status})", _retry_after(answer))
    kinds: dict[int, type[Refused]] = {404: Gone, 409: Taken}
    kind = Broken if status >= 500 else kinds.get(status, Refused)
    raise kind(status, f"{_detail(answer)} (HTTP {status})")


def _detail(answer: Answer) -> str:
    """What the target says is wrong, in one line (RFC 7644 §3.12)."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    told = said.get("detail") if isinstance(said, dict) else None
    text = told if isinstance(told, str) and told.strip() else "The application refuses this"
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:SHOWN]


def _retry_after(answer: Answer) -> timedelta | None:
    """How long to wait: seconds, or a date (RFC 9110 §10.2.3)."""
    text = answer.headers.get("retry-after", "").strip()
    try:
        wait = (
            timedelta(seconds=int(text))
            if text.isascii() and text.isdigit()
            else parsedate_to_datetime(text) - now()
        )
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(seconds=1)), LONGEST_PAUSE)


def _unreached(refused: Unreached) -> Halted:
    return Halted(refused.code, refused.sentence)
