"""The templates: every screen can be made, in each language, below a prefix, nothing inline, no word untranslated."""

from __future__ import annotations

import importlib.util
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = sorted((ROOT / "templates").glob("*.html"))
ENVIRONMENT = Environment(autoescape=True)


def _look() -> ModuleType:
    spec = importlib.util.spec_from_file_location("look", ROOT / "tests" / "browser" / "look.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["look"] = module
    spec.loader.exec_module(module)
    return module


LOOK = _look()
SCREENS = LOOK.screens()
VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
SPOKEN = frozenset({"title", "alt", "placeholder", "aria-label", "label", "summary"})


class Read(HTMLParser):
    """What a document says: elements as (tag, attributes), texts, and whether everything was closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.wrong.append(f"<{tag}> says something twice: {names}")
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def _html(key: str, language: str = "en") -> str:
    template, make, values = SCREENS[key]
    return str(LOOK.rendered(template, make(), values, language))


def _skeleton(path: Path) -> str:
    """Return a template's own HTML, with nothing where it computes."""
    tokens = ENVIRONMENT.lex(path.read_text("utf-8"))
    return "".join(value if kind == "data" else "" for _, kind, value in tokens)


@pytest.fixture(scope="module", params=sorted(SCREENS))
def screen(request: pytest.FixtureRequest) -> tuple[str, Read, str]:
    html = _html(request.param)
    return request.param, Read(html), html


def test_screens_are_well_formed(screen: tuple[str, Read, str]) -> None:
    _, read, _ = screen
    assert read.wrong == [] and read.open == []


def test_screens_have_the_landmarks_once(screen: tuple[str, Read, str]) -> None:
    _, read, html = screen
    assert len(read.of("main")) == len(read.of("h1")) == 1
    assert read.of("html")[0]["lang"] == "en" and read.of("html")[0]["dir"] == "ltr"
    assert html.lstrip().startswith("<!doctype html>")
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    # The article that the samples show as preview too brings its own ids twice.
    assert len(ids) == len(set(ids))


def test_screens_obey_the_content_security_policy(screen: tuple[str, Read, str]) -> None:
    _, read, _ = screen
    for tag, attributes in read.elements:
        assert tag != "style" and "style" not in attributes
        assert not any(name.startswith("on") for name in attributes), attributes
        assert not any(value.lower().lstrip().startswith("javascript:") for value in attributes.values())
    assert all(attributes.get("src") and "defer" in attributes for attributes in read.of("script"))


def test_screens_load_and_send_below_the_mount(screen: tuple[str, Read, str]) -> None:
    _, read, _ = screen
    for tag, attributes in read.elements:
        for name in ("href", "src", "action", "formaction", "data-preview", "data-root"):
            url = attributes.get(name)
            if url is None or url.startswith("#") or url in ("https://example.org/", "/x", "/a", "/b"):
                continue
            assert url.startswith("/w/iki/"), (tag, name, url)


def test_forms_that_change_something_carry_the_token(screen: tuple[str, Read, str]) -> None:
    _, _, html = screen
    for form in re.findall(r"<form\b.*?</form>", html, re.DOTALL):
        posts = 'method="post"' in form
        assert posts == ('name="csrf_token" value="token"' in form)
        assert form.startswith("<form ") and 'method="' in form.partition(">")[0]


def test_fields_have_labels(screen: tuple[str, Read, str]) -> None:
    _, read, html = screen
    named = {attributes.get("for") for attributes in read.of("label")}
    for tag in ("input", "select", "textarea"):
        for attributes in read.of(tag):
            if attributes.get("type") in ("hidden", "submit", "checkbox", "radio") or "aria-label" in attributes:
                continue
            assert attributes.get("id") in named, attributes
    for box in re.findall(r"<label>.*?</label>", html, re.DOTALL):
        assert Read(box).texts, box


def test_references_between_elements_lead_somewhere(screen: tuple[str, Read, str]) -> None:
    _, read, _ = screen
    ids = {attributes["id"] for _, attributes in read.elements if "id" in attributes}
    for _, attributes in read.elements:
        for name in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            assert set(attributes.get(name, "").split()) <= ids, attributes


def test_a_screen_has_at_most_one_filled_button_outside_lists(screen: tuple[str, Read, str]) -> None:
    key, _, html = screen
    filled = len(re.findall(r'class="button (?:primary|danger)"', html))
    assert filled <= 1 or key == "preferences" or (key == "admin_users" and filled <= 1), key


def test_hostile_text_stays_text(screen: tuple[str, Read, str]) -> None:
    _, _, html = screen
    assert "<script>" not in html


@pytest.mark.parametrize("key", sorted(SCREENS))
def test_screens_can_be_made_in_german(key: str) -> None:
    html = _html(key, "de")
    assert '<html lang="de"' in html and Read(html).wrong == []
    assert ("Zum Inhalt" in html) == (key != "print")


def test_every_screen_has_a_sample() -> None:
    """Parts begin with _; whoever adds a screen adds its sample to tests/browser/look.py."""
    screens = {path.name for path in TEMPLATES if not path.name.startswith("_")} - {"layout.html"}
    assert screens - {template for template, _, _ in SCREENS.values()} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_have_no_text_of_their_own(path: Path) -> None:
    # A macro may make attributes for the tag that calls it.
    read = Read(re.sub(r"(?m)^ aria-\w+=.*$", "", _skeleton(path)))
    assert [text.strip() for text in read.texts if re.search(r"[^\W\d_]", text)] == []
    for _, attributes in read.elements:
        spoken = [attributes[name] for name in SPOKEN & attributes.keys()]
        assert [text for text in spoken if re.search(r"[^\W\d_]", text)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_speak_only_literals(path: Path) -> None:
    """A message that is put together cannot be found for the catalogue; `_(right)` is one of i18n.RIGHTS."""
    tree = ENVIRONMENT.parse(path.read_text("utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("_", "ngettext"):
            first = call.args[0]
            assert isinstance(first, nodes.Const) or (isinstance(first, nodes.Name) and first.name == "right"), (
                call.lineno
            )


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_say_nothing_inline(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert not re.search(r"<style\b|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:|//\w+\.\w", text)
    assert "|safe" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_macros_that_use_the_parts_import_them(path: Path) -> None:
    """A macro of a screen is made before layout.html imports `part`: without an import of its own it finds nothing."""
    tree = ENVIRONMENT.parse(path.read_text("utf-8"))
    imports = {node.target for node in tree.find_all(nodes.Import)}
    for macro in tree.find_all(nodes.Macro):
        used = {name.name for name in macro.find_all(nodes.Name)} & {"part"}
        assert used <= imports, macro.name


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_say_what_they_want(path: Path) -> None:
    assert path.read_text("utf-8").startswith("{# ")


def test_a_theme_and_a_direction_come_with_the_first_byte() -> None:
    from dataclasses import replace

    template, make, values = SCREENS["page"]
    html = LOOK.rendered(template, replace(make(), theme="dark", direction="rtl"), values)
    assert 'dir="rtl" data-theme="dark"' in html


def test_save_is_the_first_button_after_the_text() -> None:
    html = _html("edit").partition("<textarea")[2]
    assert re.search(r"<button[^>]*>", html)[0].count('value="save"') == 1  # type: ignore[index]


def test_words_of_a_template_escape_what_they_are_given() -> None:
    import gettext

    from markupsafe import Markup

    from wiki.web.frame import template_words

    words, plural = template_words(gettext.NullTranslations())
    assert words("By %(name)s", name="<b>") == "By &lt;b&gt;"
    assert words("By %(name)s", name=Markup("<b>")) == "By <b>"
    assert words("100 % sure") == "100 % sure"
    assert plural("%(count)s page", "%(count)s pages", 2) == "2 pages"
