"""Folders of Markdown files: names, links, attachments, and that import, export and import again change nothing."""

import hashlib
import os
import posixpath
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wiki import markdown_folder, names
from wiki.markdown_folder import FolderError, export_folder, import_folder, meant
from wiki.markdown_links import rewritten
from wiki.markdown_paths import decoded, encoded, layout
from wiki.model import Attachment, BadName, NoSuchPage, Revision
from wiki.visit import Saved


@dataclass
class Wiki:
    """As much of a Visit as folders need."""

    texts: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    files: dict[tuple[str, str], bytes] = field(default_factory=dict)
    writes: int = 0

    def read(self, name):
        if name not in self.texts:
            raise NoSuchPage(name=name)
        return Revision(page=name, number=self.numbers[name], text=self.texts[name])

    def save(self, name, text, base=None, comment=""):
        assert names.normal(name) == name
        text = text if text.endswith("\n") else text + "\n"
        if self.texts.get(name) == text:
            return Saved(self.read(name), unchanged=True)
        self.texts[name] = text
        self.numbers[name] = self.numbers.get(name, 0) + 1
        self.writes += 1
        return Saved(self.read(name))

    def all_names(self):
        return sorted(self.texts)

    def attachments(self, page):
        return [self.attachment(*key) for key in sorted(self.files) if key[0] == page]

    def attachment(self, page, name):
        content = self.files[page, name]
        return Attachment(
            page=page, name=name, version=1, size=len(content), sha256=hashlib.sha256(content).hexdigest()
        )

    def content(self, attachment):
        yield self.files[attachment.page, attachment.name]

    def attach(self, page, name, content, comment=""):
        assert names.file_normal(name) == name
        if page not in self.texts:
            raise NoSuchPage(name=page)
        self.files[page, name] = content.read()
        self.writes += 1
        return self.attachment(page, name)


def tree(folder, files):
    for path, content in files.items():
        full = Path(folder, path)
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(folder)


def found(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file() and path.name != markdown_folder.LIST
    }


def imported(folder, files, **options):
    wiki = Wiki()
    result = import_folder(wiki, tree(folder, files), "FrontPage", **options)
    return wiki, result


def test_files_become_pages_named_as_their_paths(tmp_path):
    wiki, result = imported(tmp_path, {"Café/日本語.md": "hello", "A/B.MD": "b", "plain.markdown": "p"})
    assert wiki.texts == {"Café/日本語": "hello\n", "A/B": "b\n", "plain": "p\n"}
    assert (result.pages, result.files, result.skipped) == (3, 0, [])


def test_a_readme_is_the_page_of_its_folder_unless_that_has_a_file(tmp_path):
    files = {"README.md": "top", "A/README.md": "a", "B/index.md": "b", "C/readme.md": "c", "C.md": "C itself"}
    files |= {"D/README.md": "d", "D/index.md": "d index"}
    wiki, _ = imported(tmp_path, files)
    assert {name: text.strip() for name, text in wiki.texts.items()} == {
        "FrontPage": "top",
        "A": "a",
        "B": "b",
        "C": "C itself",
        "C/readme": "c",
        "D": "d",
        "D/index": "d index",
    }


def test_under_puts_everything_below_a_page(tmp_path):
    files = {"README.md": "top ![p](p.png)", "A/B.md": "b [top](../README.md)", "p.png": b"1"}
    wiki, _ = imported(tmp_path, files, under="Docs")
    assert wiki.texts == {"Docs": "top ![p](p.png)\n", "Docs/A/B": "b [top](../../Docs.md)\n"}
    assert set(wiki.files) == {("Docs", "p.png")}


def test_a_file_belongs_to_the_page_that_links_it(tmp_path):
    wiki, _ = imported(tmp_path, {"A/B.md": "![a](img/p.png)", "A/img/p.png": b"1"})
    assert wiki.files == {("A/B", "p.png"): b"1"}
    assert wiki.texts["A/B"] == "![a](p.png)\n"


def test_a_file_that_several_link_belongs_to_the_page_of_its_folder(tmp_path):
    files = {"A/B.md": "![](img/p.png)", "A/C.md": "![](img/p.png)", "A/img/README.md": "all", "A/img/p.png": b"1"}
    wiki, _ = imported(tmp_path, files)
    assert wiki.files == {("A/img", "p.png"): b"1"}
    assert wiki.texts["A/B"] == wiki.texts["A/C"] == "![](img/p.png)\n"


def test_a_file_that_several_link_and_no_page_owns_belongs_to_the_first(tmp_path):
    files = {"A/B.md": "![](img/p.png)", "A/C.md": "![](img/p.png)", "A/img/p.png": b"1"}
    wiki, _ = imported(tmp_path, files)
    assert wiki.files == {("A/B", "p.png"): b"1"}
    assert (wiki.texts["A/B"], wiki.texts["A/C"]) == ("![](p.png)\n", "![](B/p.png)\n")


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path):
    files = {"A.md": "![](x/p.png) ![](y/p.png) ![](A/p.png)", "x/p.png": b"x", "y/p.png": b"y", "A/p.png": b"a"}
    wiki, _ = imported(tmp_path, files)
    assert wiki.files == {("A", "p.png"): b"a", ("A", "x-p.png"): b"x", ("A", "y-p.png"): b"y"}
    assert wiki.texts["A"] == "![](x-p.png) ![](y-p.png) ![](p.png)\n"


def test_a_file_that_nobody_links_belongs_to_the_nearest_page(tmp_path):
    wiki, result = imported(tmp_path / "one", {"A.md": "a", "A/b/c/notes.txt": b"n", "top.txt": b"t"})
    assert wiki.files == {("A", "notes.txt"): b"n"}
    assert result.skipped == ["top.txt: there is no page that it could be attached to"]
    wiki, result = imported(tmp_path / "two", {"README.md": "front", "A/b/c/notes.txt": b"n"})
    assert wiki.files == {("FrontPage", "notes.txt"): b"n"}


def test_links_that_work_already_stay_and_others_are_mended(tmp_path):
    text = "[c](C.md) [c](./C.md#part) [r](sub/README.md) [f](sub/) [up](../D.md) [out](https://x/C.md) [no](E.md)"
    text += " `[c](sub/)`"
    files = {"A/B.md": text, "A/C.md": "c", "A/sub/README.md": "[x](x.md)", "A/sub/x.md": "x", "D.md": "d"}
    wiki, _ = imported(tmp_path, files)
    assert wiki.texts["A/B"] == text.replace("](sub/README.md)", "](sub.md)").replace("[f](sub/)", "[f](sub.md)") + "\n"
    assert wiki.texts["A/sub"] == "[x](sub/x.md)\n"


def test_heads_and_front_matter_stay(tmp_path):
    text = "#acl Known:read\n#format markdown\n---\ntitle: x\ntags: [a, b]\n---\n# Heading\n"
    wiki, _ = imported(tmp_path, {"A.md": text})
    assert wiki.texts["A"] == text


def test_hidden_linked_and_unreadable_files_are_left_out(tmp_path):
    files = {".git/config.md": "x", "A/.hidden.md": "x", "latin.md": "Caf\xe9".encode("latin-1"), "empty.md": " \n"}
    files |= {"good.md": "\ufeffa\r\nb", "a b.md": "1", "a  b.md": "2", "x/%2E%2E.md": "climbs"}
    tree(tmp_path, files)
    os.symlink("/etc/passwd", tmp_path / "passwd.md")
    os.mkfifo(tmp_path / "fifo.md")
    Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), b"\xff.md"))).write_text("x")
    wiki, result = imported(tmp_path, {})
    assert wiki.texts == {"good": "a\nb\n", "a b": "2\n"}
    said = "\n".join(sorted(result.skipped))
    for part in ("passwd.md: not a regular", "fifo.md: not a regular", "latin.md: not UTF-8", "empty.md: empty"):
        assert part in said
    for part in (
        "?.md: the name is not UTF-8",
        "a b.md: a  b.md is the page “a b” already",
        "x/%2E%2E.md: A page name",
    ):
        assert part in said
    assert len(result.skipped) == 7


def test_importing_what_is_no_folder_is_said(tmp_path):
    with pytest.raises(FolderError, match="there is no such folder"):
        import_folder(Wiki(), str(tmp_path / "none"), "FrontPage")


def test_an_export_puts_attachments_beside_their_page(tmp_path):
    wiki = Wiki({"A/B": "![](p.png) [c](C.md) [x](C/y.txt)\n", "A/C": "c\n"}, {"A/B": 1, "A/C": 1})
    wiki.files = {("A/B", "p.png"): b"p", ("A/C", "y.txt"): b"y"}
    export_folder(wiki, str(tmp_path), "FrontPage")
    assert found(tmp_path) == {
        "A/B.md": b"![](B/p.png) [c](C.md) [x](C/y.txt)\n",
        "A/B/p.png": b"p",
        "A/C.md": b"c\n",
        "A/C/y.txt": b"y",
    }
    other = Wiki()
    import_folder(other, str(tmp_path), "FrontPage")
    assert (other.texts, other.files) == (wiki.texts, wiki.files)


def test_a_file_without_extension_is_linked_as_an_attachment(tmp_path):
    wiki, _ = imported(tmp_path / "in", {"A.md": "[l](LICENSE) [x](A/x#y)", "LICENSE": b"BSD", "A/x": b"x"})
    assert wiki.texts == {"A": "[l](attachment:LICENSE) [x](attachment:x)\n"}
    export_folder(wiki, str(tmp_path / "out"), "FrontPage")
    assert found(tmp_path / "out")["A.md"] == b"[l](A/LICENSE) [x](A/x)\n"


def test_an_attachment_stays_with_its_page_though_another_links_it(tmp_path):
    wiki = Wiki({"A": "a\n", "B": "![](A/p.png)\n"}, {"A": 1, "B": 1}, {("A", "p.png"): b"p"})
    export_folder(wiki, str(tmp_path), "FrontPage")
    other = Wiki()
    import_folder(other, str(tmp_path), "FrontPage")
    assert (other.texts, other.files) == (wiki.texts, wiki.files)


def test_an_export_is_brought_up_to_date(tmp_path):
    wiki = Wiki({"A": "a\n", "A/B": "b\n", "C": "c\n"}, {"A": 1, "A/B": 1, "C": 1}, {("A", "p"): b"p"})
    (tmp_path / ".git").mkdir()
    export_folder(wiki, str(tmp_path), "FrontPage")
    del wiki.texts["A/B"], wiki.files["A", "p"]
    wiki.texts["C"] = "changed\n"
    stamp = (tmp_path / "A.md").stat().st_ino
    (tmp_path / "mine.txt").touch()
    result = export_folder(wiki, str(tmp_path), "FrontPage")
    assert found(tmp_path) == {"A.md": b"a\n", "C.md": b"changed\n", "mine.txt": b""}
    assert (result.pages, result.unchanged, result.removed) == (1, 1, 2)
    assert (tmp_path / "A.md").stat().st_ino == stamp
    assert not (tmp_path / "A").exists()


def test_a_page_may_come_where_a_folder_was(tmp_path):
    wiki = Wiki({"A/x/B": "b\n", "A": "a\n"}, {"A/x/B": 1, "A": 1})
    export_folder(wiki, str(tmp_path), "FrontPage")
    del wiki.texts["A/x/B"]
    wiki.files["A", "x"] = b"file"
    export_folder(wiki, str(tmp_path), "FrontPage")
    assert found(tmp_path) == {"A.md": b"a\n", "A/x": b"file"}


def test_an_export_does_not_touch_a_folder_of_somebody_elses(tmp_path):
    tree(tmp_path / "full", {"x.txt": "x"})
    with pytest.raises(FolderError, match="neither empty nor an earlier export"):
        export_folder(Wiki(), str(tmp_path / "full"), "FrontPage")
    tree(tmp_path, {"out/.anywiki-export": "../secret\n/etc/passwd\nlink/secret\n", "secret": "s"})
    os.symlink(tmp_path, tmp_path / "out/link")
    export_folder(Wiki(), str(tmp_path / "out"), "FrontPage")
    assert (tmp_path / "secret").read_text() == "s"


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("What?", "What%3F"),
        ("a:b", "a%3Ab"),
        ("50%", "50%25"),
        ("100% sure", "100% sure"),
        ("%41", "%2541"),
        (".hidden", "%2Ehidden"),
        ("end.", "end%2E"),
        ("CON", "%43ON"),
        ("aux.txt", "%61ux.txt"),
        ("Console", "Console"),
        ("x%~1", "x%25~1"),
        ("日本語", "日本語"),
    ],
)
def test_names_that_cannot_be_file_names_are_encoded(name, file):
    assert (encoded(name), decoded(file)) == (file, name)


def test_a_wrong_escape_stays():
    assert decoded("%FF%zz%") == "%FF%zz%"


def test_names_that_differ_in_case_only_do_not_meet():
    pages = ["Foo", "foo", "foo/x", "Foo/x", "README", "A/Index", "B", "B/index"]
    paths = layout(pages, [("foo", "x.md"), ("Foo", "X"), ("foo", "X.MD")], "FrontPage").of
    assert paths["README", ""] == "%52EADME.md"
    assert paths["A/Index", ""] == "A/%49ndex.md"
    assert paths["B/index", ""] == "B/index.md"
    assert len({unicodedata.normalize("NFC", path).casefold() for path in paths.values()}) == len(paths)


def test_code_macros_and_escapes_are_no_links():
    text = (
        "[a](x) ![b](<x y>) [c]: no\n\n[ref]: x 'title'\n\n```\n[a](x)\n```\n\n    [a](x)\n\n"
        "- item\n\n    [a](x)\n\n`[a](x)` ``[a](x) ` `` \\[a](x) <<Macro([a](x))>> <img src='x' alt=y> "
        "[i](x(1)) \\`[a](x)\n"
    )
    seen = []
    assert rewritten(text, lambda url: seen.append(url) or url) == text
    # Two inline, one definition, one in the list item, the image, the one with parentheses, the one after a backtick.
    assert sorted(seen) == sorted(["x", "x y", "x", "x", "x", "x(1)", "x"])


PARTS = st.text(st.sampled_from("aAbé日%~-.?*: _41()[]#&'\"\\\u0301"), min_size=1, max_size=6)
LONG = st.sampled_from(["x" * 120, "." * 3 + "y" * 90, "?" * 60, "con", "README", "index", "a.md", "%-", "p.png"])


@st.composite
def page_names(draw):
    try:
        return names.normal("/".join(draw(st.lists(PARTS | LONG, min_size=1, max_size=3))))
    except BadName:
        return "Fallback"


@st.composite
def file_names(draw):
    try:
        return names.file_normal(draw(PARTS | LONG) + draw(st.sampled_from(["", ".png", ".md", ".tar.gz"])))
    except BadName:
        return "fallback.txt"


@st.composite
def wikis(draw):
    pages = draw(st.lists(page_names(), min_size=1, max_size=5, unique=True))
    wiki = Wiki(dict.fromkeys(pages, ""), dict.fromkeys(pages, 1))
    for page in draw(st.lists(st.sampled_from(pages), max_size=4)):
        wiki.files[page, draw(file_names())] = draw(st.binary(max_size=3))
    targets = [(page, "") for page in pages] + list(wiki.files)
    for page in pages:
        links = []
        for target in draw(st.lists(st.sampled_from(targets), max_size=3)):
            url = markdown_folder._canonical(target, page)
            if url:
                assert meant(url, page) == target
                links.append(f"[x]({url})")
        wiki.texts[page] = "text " + " ".join(links) + "\n"
    return wiki


OFTEN = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@OFTEN
@given(wiki=wikis())
def test_a_wiki_comes_back_from_its_export(wiki, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("export"))
    export_folder(wiki, folder, "FrontPage")
    for path in found(folder):
        assert all(len(part.encode()) <= 255 for part in path.split("/"))
    other = Wiki()
    result = import_folder(other, folder, "FrontPage")
    assert result.skipped == []
    assert (other.texts, other.files) == (wiki.texts, wiki.files)


@OFTEN
@given(wiki=wikis())
def test_every_exported_link_leads_to_the_file_it_should(wiki, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("export"))
    export_folder(wiki, folder, "FrontPage")
    there = found(folder)
    for path, content in there.items():
        if path.endswith(".md"):
            urls = []
            rewritten(content.decode(), lambda url, seen=urls: seen.append(url) or url)
            for url in urls:
                assert posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(url))) in there


TREE_NAMES = st.sampled_from(["a", "b c", "img", "A", "%41", "é", "x%~1"])
TREE_FILES = st.sampled_from(["README.md", "index.md", "a.md", "b c.md", "p.png", "A.md", "q.txt", "img.md"])


@st.composite
def trees(draw):
    paths = draw(
        st.lists(
            st.tuples(st.lists(TREE_NAMES, max_size=2).map("/".join), TREE_FILES).map(
                lambda each: "/".join(filter(None, each))
            ),
            min_size=1,
            max_size=7,
            unique=True,
        )
    )
    files = {}
    for path in paths:
        if not path.endswith(".md"):
            files[path] = path
            continue
        links = [
            f"![x]({markdown_folder._relative(other, posixpath.dirname(path))})"
            for other in draw(st.lists(st.sampled_from(paths), max_size=3))
        ]
        other = markdown_folder._relative(draw(st.sampled_from(paths)), posixpath.dirname(path))
        files[path] = f"text {' '.join(links)}\n\n[ref]: <{other}>\n"
    return files


@OFTEN
@given(files=trees())
def test_import_export_import_changes_nothing(files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    wiki = Wiki()
    import_folder(wiki, tree(folder / "in", files), "FrontPage")
    texts, kept, writes = dict(wiki.texts), dict(wiki.files), wiki.writes
    import_folder(wiki, str(folder / "in"), "FrontPage")
    assert (wiki.texts, wiki.files, wiki.writes) == (texts, kept, writes)
    export_folder(wiki, str(folder / "out"), "FrontPage")
    import_folder(wiki, str(folder / "out"), "FrontPage")
    assert (wiki.texts, wiki.files, wiki.writes) == (texts, kept, writes)
    again = Wiki()
    import_folder(again, str(folder / "out"), "FrontPage")
    assert (again.texts, again.files) == (texts, kept)
