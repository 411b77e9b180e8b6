"""What of a page does not fit its window, as lines a test can show."""

from __future__ import annotations

from playwright.sync_api import Page


def sideways(page: Page) -> list[str]:
    """What reaches beyond the window, if the page can be scrolled sideways."""
    return page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          if (document.scrollingElement.scrollWidth <= wide) return [];
          const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > wide + 1);
          return [`${document.scrollingElement.scrollWidth} of ${wide}`, ...out.slice(-4).map((e) => e.outerHTML.slice(0, 120))];
        }"""
    )


def squeezed(page: Page) -> list[str]:
    """Cells whose words do not fit, and tables that scroll inside their panel although the window is wide."""
    return page.evaluate(
        """() => {
          const tight = (e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1;
          const wide = innerWidth >= 1280 ? [...document.querySelectorAll(".scroll:has(> table):not(details *)")] : [];
          const cells = [...document.querySelectorAll(".tbl.cards :is(td, tbody th)")];
          return [...wide, ...cells].filter(tight).map((e) => e.textContent.trim().slice(0, 80));
        }"""
    )
