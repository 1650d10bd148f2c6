"""A browser without JavaScript: it keeps cookies, follows redirects, fills forms and sends them."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from tests.cast import PASSWORD


@dataclass
class Visitor:
    """Somebody at a browser; `answer` and `page` are what they see now."""

    client: FlaskClient
    answer: TestResponse = field(init=False)

    @property
    def page(self) -> Any:
        """The page as a tree."""
        return html.document_fromstring(self.answer.get_data(as_text=True))

    @property
    def text(self) -> str:
        """What the main part of the page says, in one line."""
        return " ".join(self.page.find(".//main").text_content().split())

    @property
    def path(self) -> str:
        """The address, without its query."""
        return self.answer.request.path

    def get(self, url: str) -> "Visitor":
        """Open an address."""
        self.answer = self.client.get(url, follow_redirects=True)
        return self

    def post(self, url: str, **fields: Any) -> "Visitor":
        """Send fields to an address with the token of the page in hand."""
        token = self.page.xpath("string(//input[@name='csrf_token']/@value)")
        self.answer = self.client.post(
            url, data={"csrf_token": token, **fields}, follow_redirects=True
        )
        return self

    def submit(self, button: str, **fields: Any) -> "Visitor":
        """Fill the form that has this button, as it stands on the page, and press the button."""
        form = self.form_of(button)
        sent: dict[str, Any] = {}
        for name, value in form.form_values():
            if name not in fields:
                sent.setdefault(name, []).append(value)
        if form.method == "GET":
            query = urlencode(sent | fields, doseq=True)
            return self.get(f"{form.get('action') or self.path}?{query}")
        action = form.get("action") or self.answer.request.full_path
        self.answer = self.client.post(action, data=sent | fields, follow_redirects=True)
        return self

    def form_of(self, button: str) -> Any:
        """The form with a button of these words."""
        for form in self.page.forms:
            for found in form.findall(".//button"):
                if " ".join(found.text_content().split()) == button:
                    return form
        raise AssertionError(f"no button {button!r} on {self.path}: {self.text[:500]}")

    def sign_in(self, user_name: str, password: str = PASSWORD) -> "Visitor":
        """Name first, then the password."""
        self.get("/sign-in").submit("Continue", username=user_name)
        return self.submit("Sign in", password=password)
