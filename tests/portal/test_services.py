"""Services and what they cost: who sees what, each action in two steps, figures before deeds."""

from decimal import Decimal

import pytest

from idp.changes import apply
from idp.changes.intents import AssignRole, ChangeOrganization, ChangeSubscription
from idp.licensing import queries
from portal.invoices import minor
from tests.cast import person
from tests.portal.browsing import Visitor
from tests.portal.conftest import Site
from tests.portal.pdf_text import text_of


def of(site: Site, subscription_id: str) -> str:
    """A subscription's address."""
    assert site
    return f"/subscriptions/{subscription_id}"


def staff(site: Site, role: str) -> Visitor:
    """Somebody of a role, signed in."""
    with site.app.app_context():
        name = f"{role}@northwind.example"
        who = person(site.cast.operator, name, role)
        apply(AssignRole(who.id, role), by=site.cast.operator)
    return site.visitor(name)


# --- looking ----------------------------------------------------------------------------------


def test_services_tell_total_in_use_remaining_end_and_status(standing: Site) -> None:
    alice = standing.known_visitor("alice").get("/services")
    head = [th.text_content() for th in alice.page.findall(".//th")]
    assert head == ["Service", "Total", "In use", "Remaining", "Expires", "Status"]
    names = [a.text_content() for a in alice.page.findall(".//tbody/tr/td[1]/a")]
    assert names == ["Office", "Storage"]
    rows = [" ".join(tr.text_content().split()) for tr in alice.page.findall(".//tbody/tr")]
    assert "500 460 40" in rows[1]
    assert "over-allocated until" in rows[0]


def test_a_service_leads_to_subscriptions_upgrades_invoices_and_its_statement(
    standing: Site,
) -> None:
    alice = standing.known_visitor("alice").get("/services/office")
    links = {str(href) for href in alice.page.xpath("//main//a/@href")}
    assert of(standing, standing.bought.active) in links
    assert f"{of(standing, standing.bought.trial)}/upgrade" in links
    assert f"/invoices/{standing.bought.invoice}" in links
    assert "/services/office/statement" in links
    assert "/licenses/OFFICE_PRO" in links


def test_a_quota_is_drawn_over_time_with_its_table_beside(standing: Site) -> None:
    alice = standing.known_visitor("alice").get("/services/storage")
    assert alice.page.xpath("//svg[contains(@class, 'chart-plot')]")
    assert "459" in alice.text
    assert "460" in alice.text


def test_a_subscription_shows_its_states_with_their_dates(standing: Site) -> None:
    alice = standing.known_visitor("alice").get(of(standing, standing.bought.expired))
    states = [li.find(".//strong").text_content() for li in alice.page.findall(".//ol/li")[-5:]]
    assert states == ["Pending", "Active", "Expired", "Disabled", "Deleted"]
    assert "Everything still works" in alice.text


def test_the_licence_administrator_sees_quantities_and_no_prices(site: Site) -> None:
    visitor = staff(site, "license_administrator")
    for url in ("/services", "/services/office", "/renewals", "/catalog", "/subscriptions"):
        visitor.get(url)
        assert visitor.answer.status_code == 200, url
        assert "€" not in visitor.text, url
    visitor.get(of(site, site.bought.active))
    assert "€" not in visitor.text
    assert "V-4711" not in visitor.text
    for url in ("/invoices", "/agreements", f"/invoices/{site.bought.invoice}.pdf"):
        assert visitor.get(url).answer.status_code == 403, url


@pytest.mark.parametrize(
    "role, services, billing, acts",
    [
        ("billing_administrator", 200, 200, True),
        ("global_reader", 200, 200, False),
        ("license_administrator", 200, 403, False),
        ("user_administrator", 403, 403, False),
        ("groups_administrator", 403, 403, False),
        ("helpdesk_administrator", 403, 403, False),
        ("federation_administrator", 403, 403, False),
        ("security_reader", 403, 403, False),
    ],
)
def test_each_role_opens_what_is_its_own(
    site: Site, role: str, services: int, billing: int, acts: bool
) -> None:
    visitor = staff(site, role)
    one = of(site, site.bought.active)
    assert visitor.get("/services").answer.status_code == services
    assert visitor.get("/invoices").answer.status_code == billing
    assert ("/cancel" in visitor.get(one).answer.get_data(as_text=True)) == acts
    assert visitor.get(f"{one}/cancel").answer.status_code == (200 if acts else 403)
    assert visitor.get("/catalog").answer.status_code == 200
    assert ("Start the trial" in visitor.text or "Buy" in visitor.text) == acts


# --- acting -----------------------------------------------------------------------------------


def test_fewer_units_are_said_with_excess_deadline_and_credit_before(
    alice: Visitor, site: Site
) -> None:
    with site.app.app_context():
        apply(ChangeSubscription(site.bought.active, quantity=5), by=site.cast.alice)
    alice.get(f"{of(site, site.bought.active)}/quantity").submit("Go on", quantity="1")
    assert "1 more are in use than there will be" in alice.text
    assert "A credit note over €" in alice.text
    assert "5 units become 1" in alice.text
    alice.submit("Change the quantity")
    assert "has 1 units now" in alice.text


def test_a_rehearsal_on_the_way_changes_nothing(alice: Visitor, site: Site) -> None:
    before = alice.get("/invoices").text
    alice.get(f"{of(site, site.bought.active)}/quantity").submit("Go on", quantity="900")
    alice.get(f"{of(site, site.bought.active)}/cancel")
    assert alice.get("/invoices").text == before


def test_a_form_that_somebody_else_has_overtaken_is_shown_again(alice: Visitor, site: Site) -> None:
    alice.get(f"{of(site, site.bought.active)}/edit")
    with site.app.app_context():
        apply(ChangeSubscription(site.bought.active, name="Theirs"), by=site.cast.operator)
    alice.submit("Save", name="Mine")
    assert alice.answer.status_code == 422
    assert "Somebody else has changed" in alice.text
    assert "Theirs" in alice.get(of(site, site.bought.active)).text


@pytest.mark.parametrize("quantity", ["0", "-5", "", "many", "99999999999999999999", "1.5"])
def test_a_wrong_quantity_is_said_beside_the_field(
    alice: Visitor, site: Site, quantity: str
) -> None:
    alice.get(f"{of(site, site.bought.active)}/quantity").submit("Go on", quantity=quantity)
    assert alice.answer.status_code == 422
    assert alice.page.xpath("//input[@name='quantity' and @aria-invalid='true']")


def test_a_trial_is_converted_in_two_steps_and_everybody_keeps_what_they_hold(
    alice: Visitor, site: Site
) -> None:
    alice.get(f"{of(site, site.bought.trial)}/upgrade").submit("Go on", quantity="30")
    assert "Everybody keeps what they hold" in alice.text
    assert "An invoice over €297.00 is issued" in alice.text
    alice.submit("Begin the new subscription")
    assert "The new subscription has begun" in alice.text
    assert "Converted from" in alice.text


def test_a_trial_is_extended_once(alice: Visitor, site: Site) -> None:
    one = of(site, site.bought.trial)
    alice.get(f"{one}/extend").submit("Extend the trial")
    assert "The trial was extended" in alice.text
    assert "/extend" not in alice.answer.get_data(as_text=True)
    assert "A trial is extended once" in alice.get(f"{one}/extend").text


def test_an_expired_subscription_is_renewed(alice: Visitor, site: Site) -> None:
    alice.get(f"{of(site, site.bought.expired)}/renew").submit("Renew for another term")
    assert "A new term has begun" in alice.text


def test_a_cancellation_is_taken_back_or_made_final(alice: Visitor, site: Site) -> None:
    one = of(site, site.bought.disabled)
    alice.get(f"{one}/reactivate").submit("Take the cancellation back")
    assert "was taken back" in alice.text
    alice.get(f"{one}/cancel").submit("Cancel the subscription")
    alice.get(f"{one}/delete").submit("Delete the subscription")
    assert "was deleted" in alice.text
    assert "/delete" not in alice.answer.get_data(as_text=True)


def test_taking_a_cancellation_back_says_until_when_and_whether_it_renews(
    alice: Visitor, site: Site
) -> None:
    made = site.bought.disabled
    with site.app.app_context():
        one = queries.find_subscription(site.cast.alice, made)
    assert "/reactivate" in alice.get(of(site, made)).answer.get_data(as_text=True)
    text = alice.get(f"{of(site, made)}/reactivate").text
    assert str(one.term_ends.year) in text.split("It runs on until")[1].split(".")[0]
    assert "It renews by itself then, as it did before." in text


def test_a_button_pressed_twice_acts_once(alice: Visitor, site: Site) -> None:
    one = of(site, site.bought.active)
    alice.get(f"{one}/cancel")
    token = alice.page.xpath("string(//input[@name='csrf_token']/@value)")
    sent = {
        "csrf_token": token,
        "version": alice.page.xpath("string(//input[@name='version']/@value)"),
    }
    for _ in range(2):
        alice.answer = alice.client.post(f"{one}/cancel", data=sent, follow_redirects=True)
    assert "Nothing was changed" in alice.text
    notes = [
        row
        for row in alice.get("/invoices").page.findall(".//tbody/tr")
        if "CN-" in row.text_content()
    ]
    assert len(notes) == 3


def test_buying_shows_the_invoice_before_it_is_issued(alice: Visitor) -> None:
    alice.get("/catalog/archive").submit("Go on", quantity="10", purchase_order="PO-99")
    assert "An invoice over €99.00 is issued" in alice.text
    alice.submit("Buy")
    assert "You are subscribed to Archive" in alice.text
    assert "PO-99" in alice.text


def test_a_used_trial_says_why_it_is_not_to_be_had(standing: Site) -> None:
    alice = standing.known_visitor("alice").get("/catalog")
    assert "had this trial" in alice.text
    assert "/catalog/office-trial" not in alice.answer.get_data(as_text=True)
    alice.get("/catalog/office-trial").submit("Go on")
    assert alice.answer.status_code == 422


# --- agreements -------------------------------------------------------------------------------


def test_an_agreement_is_entered_changed_and_ended(alice: Visitor) -> None:
    alice.get("/agreements/new")
    given = {"number": "S-1", "programme": "Select", "starts": "2026-01-01", "ends": "2030-12-31"}
    alice.submit("Save", **given)
    assert "The agreement was entered" in alice.text
    here = alice.path
    alice.get(f"{here}/edit").submit("Save", ends="2025-01-01")
    assert "ends after it has started" in alice.text
    alice.get(f"{here}/terminate").submit("Terminate the agreement")
    assert "no longer in force" in alice.text


def test_a_second_agreement_of_a_number_is_refused_beside_it(alice: Visitor) -> None:
    given = {"programme": "x", "starts": "2026-01-01", "ends": "2027-01-01"}
    alice.get("/agreements/new").submit("Save", number="V-4711", **given)
    assert alice.answer.status_code == 422
    assert "of this number already" in alice.text


# --- invoices ---------------------------------------------------------------------------------


def unpaid(site: Site) -> str:
    """An invoice that nobody has paid."""
    with site.app.app_context():
        found = queries.page_invoices(site.cast.alice, limit=100).items
        return next(
            one.id for one in found if one.word == "Due" and one.left_minor == one.total_minor
        )


def test_an_invoice_is_paid_with_one_button(alice: Visitor, site: Site) -> None:
    alice.get(f"/invoices/{unpaid(site)}").submit("Record the payment")
    assert "The payment was recorded" in alice.text
    assert "Declare it void" not in alice.text


def test_an_order_sent_twice_is_one_order(alice: Visitor) -> None:
    alice.get("/catalog/archive").submit("Go on", quantity="10", purchase_order="PO-99")
    fields = dict(alice.form_of("Buy").form_values())
    landed = set()
    for _ in range(2):
        alice.answer = alice.client.post("/catalog/archive", data=fields, follow_redirects=True)
        landed.add(alice.path)
    [_one] = landed
    issued = alice.get("/invoices").text.count("PO-99")
    assert issued == 1


def test_a_credit_sent_twice_is_given_once_and_said(alice: Visitor, site: Site) -> None:
    at = f"/invoices/{unpaid(site)}/credit"
    fields = dict(alice.get(at).form_of("Issue the credit note").form_values())
    fields |= {"amount": "1.50", "reason": "A mistake"}
    for expected in (200, 422):
        alice.answer = alice.client.post(at, data=fields, follow_redirects=True)
        assert alice.answer.status_code == expected
    assert "credited meanwhile" in alice.text


def test_a_part_is_credited_and_the_rest_stays(alice: Visitor, site: Site) -> None:
    one = unpaid(site)
    for wrong in ("0", "-1", "1e9", "9999999", "1.234", "NaN", "ten"):
        alice.get(f"/invoices/{one}/credit").submit(
            "Issue the credit note", amount=wrong, reason="x"
        )
        assert alice.answer.status_code == 422, wrong
    alice.get(f"/invoices/{one}/credit").submit(
        "Issue the credit note", amount="1,50", reason="Two <b>units</b>"
    )
    assert "The credit note was issued" in alice.text
    assert "−€1.50" in alice.text or "-€1.50" in alice.text
    assert "Left of it" in alice.get(f"/invoices/{one}").text


def test_an_invoice_is_declared_void_in_two_steps(alice: Visitor, site: Site) -> None:
    alice.get(f"/invoices/{unpaid(site)}/void").submit("Declare it void")
    assert "The invoice is void" in alice.text
    assert "Record the payment" not in alice.text


def test_the_pdf_says_what_the_page_says(site: Site, alice: Visitor) -> None:
    address = "Herengracht 1\n1015 BA Amsterdam"
    with site.app.app_context():
        settings = {"address": address, "country": "NL"}
        apply(ChangeOrganization(settings=settings), by=site.cast.alice)
    alice.get("/catalog/archive").submit("Go on", quantity="3", name="<Łódź> & “Çelik”")
    alice.submit("Buy")
    alice.get("/invoices")
    url = alice.page.xpath("//tbody/tr[1]/td[1]/a/@href")[0]
    page = alice.get(url).text
    answer = alice.client.get(f"{url}.pdf")
    assert answer.mimetype == "application/pdf"
    text = text_of(answer.data)
    for part in ("INV-", "Northwind", "Herengracht 1", "€29.70", "€9.90", "<Łódź> & “Çelik”"):
        assert part in page, part
        assert part in text, part


@pytest.mark.parametrize(
    "text, currency, amount",
    [
        ("12.50", "EUR", 1250),
        ("12,5", "EUR", 1250),
        (" 7 ", "EUR", 700),
        ("700", "JPY", 700),
        ("7.5", "JPY", None),
        ("0.001", "KWD", 1),
        ("12.505", "EUR", None),
        ("inf", "EUR", None),
        ("1e400", "EUR", None),
        ("", "EUR", None),
    ],
)
def test_an_amount_becomes_minor_units_of_its_currency(
    text: str, currency: str, amount: int | None
) -> None:
    assert minor(text, currency) == amount
    assert Decimal(amount or 0) == (amount or 0)


# --- where there is nothing -------------------------------------------------------------------


@pytest.mark.parametrize(
    "url, says",
    [
        ("/services", "No services yet"),
        ("/subscriptions", "No subscriptions yet"),
        ("/agreements", "No agreements"),
        ("/invoices", "No invoices yet"),
        ("/renewals", "Nothing renews or ends"),
        ("/services/office", "Nothing is subscribed"),
    ],
)
def test_where_there_is_nothing_the_page_says_why_and_what_next(
    standing: Site, url: str, says: str
) -> None:
    mallory = standing.known_visitor("mallory@contoso.example").get(url)
    assert mallory.answer.status_code == 200
    assert says in mallory.text
