"""Building blocks of a report's page."""
from __future__ import annotations

import html
import importlib.resources
from typing import Iterable, Sequence

from .figures import Panel

escape = html.escape


def page(title: str, body: str) -> str:
    """A whole document: everything inline, nothing fetched."""
    style = importlib.resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
            f"<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n")


def section(identifier: str, title: str, *parts: str) -> str:
    return f'<section id="{identifier}">\n<h2>{escape(title)}</h2>\n' + "\n".join(parts) + "\n</section>"


def paragraph(text: str, kind: str = "") -> str:
    """text: HTML."""
    return f"<p{_class(kind)}>{text}</p>"


def tiles(entries: Iterable[tuple[str, str, bool]]) -> str:
    """(value, meaning, whether it is bad news)."""
    return '<div class="tiles">' + "".join(
        f'<div class="tile{" bad" if bad else ""}"><b>{escape(value)}</b><span>{escape(meaning)}</span></div>'
        for value, meaning, bad in entries) + "</div>"


def figure(panel: Panel, title: str, caption: str = "") -> str:
    """caption: HTML."""
    return (f"<figure>{panel.svg(title)}<figcaption><b>{escape(title)}</b>{caption}</figcaption></figure>")


def panels(figures: Sequence[str]) -> str:
    return '<div class="panels">' + "\n".join(figures) + "</div>" if figures else ""


def key(text: str, colour: str = "", kind: str = "") -> str:
    """A legend's entry. colour: the name of a colour of the style sheet, or a colour."""
    value = f"var(--{colour})" if colour and not colour.startswith("#") else colour
    style = f' style="--c:{value}"' if colour else ""
    return f'<span class="key{" " + kind if kind else ""}"{style}>{escape(text)}</span>'


def columns(*parts: str) -> str:
    """Side by side where there is room."""
    return '<div class="columns">' + "".join(f"<div>{part}</div>" for part in parts) + "</div>"


def keys(entries: Iterable[str]) -> str:
    return f'<div class="keys">{"".join(entries)}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[int] = (),
          formulas: Sequence[int] = ()) -> str:
    """Cells are HTML; columns in `numeric` are set flush right."""
    def kind(column: int) -> str:
        return _class("n" if column in numeric else "formula" if column in formulas else "")

    first = "".join(f"<th{kind(i)}>{cell}</th>" for i, cell in enumerate(head))
    lines = ("<tr>" + "".join(f"<td{kind(i)}>{cell}</td>" for i, cell in enumerate(row)) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{first}</tr>{"".join(lines)}</table></div>'


def folded(title: str, content: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
