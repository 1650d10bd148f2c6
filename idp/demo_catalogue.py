"""The six services that the demo offers, as catalogue documents (docs/licensing.md)."""

from typing import Any

EUROPE = ["DE", "ES", "FR", "IE", "PL", "SE"]


def _plan(name: str, title: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "title": title} | more


def _paid(slug: str, name: str, price_minor: int, **more: Any) -> dict[str, Any]:
    return {"slug": slug, "name": name, "kind": "paid", "price_minor": price_minor} | more


def _sku(part_number: str, name: str, plans: list[Any], *offers: dict[str, Any]) -> dict[str, Any]:
    return {"part_number": part_number, "name": name, "plans": plans, "offers": list(offers)}


OFFICE = {
    "slug": "cadence-office",
    "name": "Cadence Office",
    "publisher": "Cadence Software",
    "description": "Mail, calendar and documents for everybody.",
    "address": "https://office.example/",
    "skus": [
        _sku(
            "CADENCE_OFFICE_BASIC",
            "Cadence Office Basic",
            [
                _plan("CADENCE_MAIL", "Mail", conflicts=["CADENCE_MAIL_PLUS"]),
                _plan("CADENCE_DOCS_WEB", "Documents in the browser"),
            ],
            _paid("cadence-office-basic", "Cadence Office Basic (annual)", 4_800),
        ),
        _sku(
            "CADENCE_OFFICE_PRO",
            "Cadence Office Pro",
            [
                _plan("CADENCE_MAIL_PLUS", "Mail with archive"),
                _plan("CADENCE_DOCS", "Documents on every device"),
                _plan("CADENCE_MEET", "Meetings"),
            ],
            _paid("cadence-office-pro", "Cadence Office Pro (annual)", 11_880),
            _paid("cadence-office-pro-vl", "Cadence Office Pro (volume)", 9_900, channel="volume"),
        ),
        _sku(
            "CADENCE_VOICE",
            "Cadence Voice",
            [
                _plan(
                    "CADENCE_CALLS",
                    "Calls to every telephone",
                    requires=["CADENCE_MEET"],
                    countries=EUROPE,
                )
            ],
            _paid("cadence-voice", "Cadence Voice (monthly)", 690, term_months=1),
        ),
    ],
}
DESIGN = {
    "slug": "lumen-design",
    "name": "Lumen Design",
    "publisher": "Lumen",
    "description": "Drawings and prototypes that a team makes together.",
    "address": "https://lumen.example/",
    "skus": [
        _sku(
            "LUMEN_TEAM",
            "Lumen Team",
            [_plan("LUMEN_DRAW", "Drawing"), _plan("LUMEN_REVIEW", "Reviews")],
            {
                "slug": "lumen-trial",
                "name": "Lumen Team (trial)",
                "kind": "trial",
                "units": 25,
                "upgrades_to": ["lumen-team"],
            },
            _paid("lumen-team", "Lumen Team (annual)", 14_400),
        )
    ],
}
CRM = {
    "slug": "harbor-crm",
    "name": "Harbor CRM",
    "publisher": "Harbor",
    "description": "Customers, offers and orders.",
    "address": "https://crm.example/",
    "skus": [
        _sku(
            "HARBOR_SALES",
            "Harbor Sales",
            [_plan("HARBOR_CRM", "Customers")],
            _paid("harbor-sales", "Harbor Sales (annual)", 30_000),
        )
    ],
}
ANALYTICS = {
    "slug": "atlas-analytics",
    "name": "Atlas Analytics",
    "publisher": "Atlas",
    "description": "Figures and charts from every system.",
    "address": "https://atlas.example/",
    "skus": [
        _sku(
            "ATLAS_VIEWER",
            "Atlas Viewer",
            [_plan("ATLAS_VIEW", "Viewing")],
            _paid("atlas-viewer", "Atlas Viewer (annual)", 7_200),
        )
    ],
}
HELPDESK = {
    "slug": "relay-desk",
    "name": "Relay Desk",
    "publisher": "Relay",
    "description": "Questions of customers, answered in order.",
    "address": "https://relay.example/",
    "skus": [
        _sku(
            "RELAY_AGENT",
            "Relay Agent",
            [_plan("RELAY_DESK", "Desk")],
            _paid("relay-agent", "Relay Agent (annual)", 21_600),
        )
    ],
}
STORAGE = {
    "slug": "vault-storage",
    "name": "Vault Storage",
    "publisher": "Vault",
    "description": "Space for files and backups, shared by everybody.",
    "unit": "quota",
    "unit_name": "GB",
    "address": "https://vault.example/",
    "skus": [
        _sku("VAULT_GB", "Vault Storage", [], _paid("vault-gb", "Vault Storage (annual)", 96))
    ],
}
CATALOGUE = (OFFICE, DESIGN, CRM, ANALYTICS, HELPDESK, STORAGE)
