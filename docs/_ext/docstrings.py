"""Which checks of numpydoc a docstring must pass, and why the others do not apply here."""

UNWANTED = {
    "ES01": "a first line that says it all needs no second paragraph",
    "EX01": "asked of functions only",
    "PR01": "asked of functions only: books, tallies and tables are made by readers and metrics, not by hand",
    "PR03": "arguments that mean the same as elsewhere are named together, with a link to where they are explained",
    "PR04": "and have no type of their own there",
    "RT01": "asked of functions only: what a property is stands in its first line",
    "RT02": "several values of one kind are named together",
    "SA01": "a link stands in the sentence that needs it",
    "SA03": "and its words go on from the name",
    "SS03": "a metric's first line ends with the question that it answers",
    "SS05": "a first line is a noun phrase, which the check takes for a verb",
    "YD01": "a context manager gives what its first line says",
}
"""Checks left out, with the reason."""

FOR_FUNCTIONS = {"EX01", "PR01", "RT01"}
"""Checks left out in general and asked of the functions of the front door and the formulas."""
