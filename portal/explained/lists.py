"""Codes of lists: their views, their files, and what is done to many at once."""

from flask_babel import lazy_gettext as _

from portal.explained.entry import YOURSELF, Explained, same

CODES = {
    **same(
        Explained(
            _("There is no such list, view or action, or it is not for you."),
            _("Open the list from the menu and choose there."),
            YOURSELF,
        ),
        "list_not_found saved_view_not_found action_not_found export_malformed view_of_nobody",
    ),
    **same(
        Explained(
            _("The name of a view is missing or too long, or its filter is too long to be kept."),
            _("Give it a name of 1 to 80 characters, and filter by less."),
            YOURSELF,
        ),
        "view_name_malformed view_malformed",
    ),
    **same(
        Explained(
            _("The file cannot be read as a table of people."),
            _(
                "Save it as “CSV UTF-8” from your spreadsheet, with one line of headings and at "
                "least one row; the template shows how."
            ),
            YOURSELF,
        ),
        "file_empty encoding_unknown file_malformed file_rows import_of_nobody",
    ),
    **same(
        Explained(
            _("The columns of the file do not say who is meant, or two of them say the same."),
            _("Map one column to the user name, or to the id, and each meaning once."),
            YOURSELF,
        ),
        "mapping_unknown mapping_twice mapping_incomplete",
    ),
    **same(
        Explained(
            _("A row of the file is damaged, repeated, or names somebody who is not here."),
            _("Correct the row in the result file and import that again."),
            YOURSELF,
        ),
        "row_too_long row_repeated row_id_unknown manager_unknown",
    ),
    **same(
        Explained(
            _("The import has gone on since the page was opened, or is over."),
            _("Look at the import’s page again."),
            YOURSELF,
        ),
        "import_not_found import_not_so_far import_lost",
    ),
    "views_full": Explained(
        _("You keep as many views as anybody may."),
        _("Delete one that you no longer need, then save the new one."),
        YOURSELF,
    ),
    "bulk_nobody": Explained(
        _("Nobody was chosen in the list."),
        _("Tick people, or all that match, and choose what to do."),
        YOURSELF,
    ),
    "bulk_too_many": Explained(
        _("More people were chosen than one step can change without keeping others waiting."),
        _("Narrow the list by a filter and do it in several steps."),
        YOURSELF,
    ),
    "bulk_others": Explained(
        _("The filter means other people now than when the page was opened."),
        _("Look at the page again: it says whom it means now. Then confirm."),
        YOURSELF,
    ),
    "number_wrong": Explained(
        _("So many people are concerned that their number has to be typed, and it was not."),
        _("Type the number that the page says."),
        YOURSELF,
    ),
}
