"""With the keyboard alone: write, link, save, rename; Escape closes what is open."""

from __future__ import annotations

from . import chromium
from .screens import BEDS
from .visitor import Visitor


def tab_to(visitor: Visitor, label: str, most: int = 60) -> None:
    """Press Tab until what is called so has the focus."""
    for _ in range(most):
        visitor.page.keyboard.press("Tab")
        if label == visitor.page.evaluate(
            """(() => { const at = document.activeElement;
               const name = at.getAttribute('aria-label') || at.labels?.[0]?.textContent || at.textContent;
               return (name || '').trim() })()"""
        ):
            return
    raise AssertionError(f"Tab does not reach “{label}”")


def test_a_page_is_written_linked_saved_and_renamed_without_a_mouse(ann: Visitor) -> None:
    keyboard = ann.page.keyboard
    ann.open("Keyboard page")
    keyboard.press("e")  # the shortcut of the button that creates it
    ann.page.wait_for_url("**action=edit**")
    keyboard.type("See ")
    tab_to_link = ann.page.locator(".tools button").nth(3)
    keyboard.press("Shift+Tab")
    while not tab_to_link.evaluate("button => button === document.activeElement"):
        keyboard.press("Shift+Tab")
    keyboard.press("Enter")
    keyboard.type(BEDS)
    keyboard.press("End")
    keyboard.press("Enter")
    keyboard.type("- one")
    keyboard.press("Enter")
    keyboard.type("two")
    keyboard.press("Control+s")
    ann.main.get_by_text("Saved.").wait_for()
    assert ann.main.locator("article a").first.inner_text() == BEDS
    tab_to(ann, "More")
    keyboard.press("Enter")
    tab_to(ann, "Rename")
    keyboard.press("Enter")
    ann.page.wait_for_url("**RenamePage**")
    tab_to(ann, "New name")
    keyboard.press("Control+a")
    keyboard.type("Keyboard page renamed")
    keyboard.press("Enter")
    ann.main.get_by_text("The page has its new name.").wait_for()
    assert ann.place == "/Keyboard page renamed"


def press_access_key(visitor: Visitor, key: str) -> None:
    """Press Alt and a key. Playwright's own Alt does not say which letter it is, and the browser asks for that."""
    code = {"key": key, "code": f"Key{key.upper()}", "windowsVirtualKeyCode": ord(key.upper()), "unmodifiedText": key}
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("Input.dispatchKeyEvent", {"type": "keyDown", "modifiers": 1, **code})


def test_access_keys_edit_and_save(ann: Visitor) -> None:
    ann.write("Access keys", "One.")
    press_access_key(ann, "e")
    ann.page.wait_for_url("**action=edit**")
    ann.page.keyboard.press("Control+End")
    ann.page.keyboard.type("Two.")
    press_access_key(ann, "s")
    ann.main.get_by_text("Saved.").wait_for()
    assert "Two." in ann.text


def test_escape_closes_a_menu_and_gives_the_focus_back(ann: Visitor) -> None:
    ann.open(BEDS)
    tab_to(ann, "More")
    ann.page.keyboard.press("Enter")
    panel = ann.page.locator(".actions .panel")
    assert panel.is_visible()
    ann.page.keyboard.press("Tab")
    ann.page.keyboard.press("Escape")
    assert not panel.is_visible()
    assert ann.page.evaluate("document.activeElement.textContent.trim()") == "More"
    ann.page.keyboard.press("Enter")
    ann.page.locator("h1").click(position={"x": 300, "y": 2})
    assert not panel.is_visible()


def test_skip_links_come_first(anyone: Visitor) -> None:
    anyone.open(BEDS).page.keyboard.press("Tab")
    anyone.page.keyboard.press("Enter")
    assert anyone.page.evaluate("document.activeElement.id") == "content"


def test_shortcuts_are_listed_and_can_be_switched_off(anyone: Visitor) -> None:
    anyone.open(BEDS).page.keyboard.press("?")
    dialog = anyone.page.get_by_role("dialog")
    assert "History" in dialog.inner_text()
    anyone.page.keyboard.press("Space")
    anyone.page.keyboard.press("Escape")
    assert dialog.count() == 0
    anyone.page.keyboard.press("h")
    anyone.page.keyboard.press("/")
    assert anyone.page.url.endswith(BEDS)
    assert anyone.page.evaluate("document.activeElement.id") != "search"


def test_wide_tables_and_code_scroll_by_keyboard(anyone: Visitor) -> None:
    from .garden import LONG

    anyone.page.set_viewport_size({"width": chromium.PHONE[0], "height": chromium.PHONE[1]})
    anyone.open(LONG)
    for box in (anyone.main.locator(".scroll"), anyone.main.locator("pre")):
        box.first.focus()
        for _ in range(3):
            anyone.page.keyboard.press("ArrowRight")
        box.first.evaluate("box => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        anyone.page.wait_for_function("box => box.scrollLeft > 0", arg=box.first.element_handle())
