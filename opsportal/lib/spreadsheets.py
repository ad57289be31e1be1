"""Text that is safe to open in a spreadsheet."""


def harmless_cell(cell: object) -> object:
    """A spreadsheet runs what begins like a formula; a quote before it makes it text.

    OWASP, CSV injection.
    """
    is_formula = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if is_formula else cell
