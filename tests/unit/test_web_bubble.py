"""A message as WhatsApp shows it: what is bold, and that nothing becomes markup that was not meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.console.bubble import bubble_html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*Alfa* ends", "<strong>Alfa</strong> ends"),
        ("Finances: *Alfa Dental* ends", "Finances: <strong>Alfa Dental</strong> ends"),
        ("_a_ ~b~ `c` ```d\ne```", "<em>a</em> <s>b</s> <code>c</code> <code>d\ne</code>"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("snake_case_name", "snake_case_name"),
        ("*not\nacross*", "*not\nacross*"),
        ("*one*two*", "<strong>one*two</strong>"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("*<i>*", "<strong>&lt;i&gt;</strong>"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
        ("**", "**"),
        ("*Пётр*", "<strong>Пётр</strong>"),
    ],
)
def test_marks_become_markup(text: str, html: str) -> None:
    assert bubble_html(text) == html


TAGS = ("strong", "em", "s", "code")


@given(st.text(alphabet="*_~`<>&\"' \nab", max_size=60))
def test_nothing_else_becomes_markup(text: str) -> None:
    html = bubble_html(text)
    for tag in TAGS:
        assert html.count(f"<{tag}>") == html.count(f"</{tag}>")
        html = html.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    assert "<" not in html
    assert ">" not in html
