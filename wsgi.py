"""app: what flask and the WSGI servers find by name."""

from idp.app import create_app

app = create_app()
