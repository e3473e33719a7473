"""A MoinMoin's wikiconfig.py is read, never run; what it does not say plainly leaves the wiki closed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from wiki import moin_config, settings
from wiki.moin_config import CLOSED, DEFAULT_RIGHTS, read
from wiki.settings import load

from .storage.moin_directory import copied

USUAL = r"""
# -*- coding: utf-8 -*-
import os
from MoinMoin.config import multiconfig, url_prefix_static

class Config(multiconfig.DefaultConfig):
    wikiconfig_dir = os.path.abspath(os.path.dirname(__file__))
    instance_dir = wikiconfig_dir
    data_dir = os.path.join(instance_dir, 'data', '')
    data_underlay_dir = os.path.join(instance_dir, 'below', '')
    sitename = u'Wiki der Gärtner'
    logo_string = u'<img src="%s/x.png">' % url_prefix_static
    page_front_page = u"StartSeite"
    interwikiname = u'Garten'
    superuser = [u"Änn", u"Ben"]
    acl_rights_before = u"Änn:read,write,delete,revert,admin"
    acl_rights_default = (u"Known:read,write "
                          u"All:read")
    acl_hierarchic = True
    language_default = 'de'
    page_group_regex = ur'(?P<all>(?P<key>\S+)Gruppe)'
    navi_bar = [u'RecentChanges']
    show_hosts = 1
"""


def written(folder: Path, text: str, name: str = "wikiconfig.py") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_literal_values_are_taken_over_and_the_rest_is_listed(tmp_path: Path) -> None:
    config = read(str(written(tmp_path, USUAL)))
    assert config.settled
    assert config.values == {
        "acl_before": "Änn:read,write,delete,revert,admin",
        "acl_default": "Known:read,write All:read",
        "acl_after": "",
        "acl_hierarchic": True,
        "front_page": "StartSeite",
        "group_pages": r"(?P<all>(?P<key>\S+)Gruppe)",
        "interwiki_name": "Garten",
        "language": "de",
        "site_name": "Wiki der Gärtner",
        "superusers": ["Änn", "Ben"],
        "underlay": str(tmp_path / "below"),
    }
    assert set(config.unread) == {"logo_string", "navi_bar", "show_hosts"}


def test_nothing_is_run(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    read(str(written(tmp_path, f"open({str(sign)!r}, 'w')\n" + USUAL)))
    assert not sign.exists()


def test_a_file_of_python_2_is_read_line_by_line(tmp_path: Path) -> None:
    config = read(str(written(tmp_path, USUAL + "    print 'hello'\n")))
    assert config.values["site_name"] == "Wiki der Gärtner"
    assert config.values["superusers"] == ["Änn", "Ben"]
    assert config.settled


@pytest.mark.parametrize(
    "more",
    [
        "    acl_rights_default = rights()\n",
        "    acl_rights_default = u'Known:%s' % 'read'\n",
        "    if os.environ.get('X'):\n        acl_rights_before = u'All:read'\n",
        "    acl_hierarchic = bool(1)\n",
        "    superuser = load()\n",
        "    acl_rights_default += u' All:write'\n",
        "\nConfig.acl_rights_after = u'All:read'\n",
        "    acl_rights_default = 5\n",
        "    print 'x'\n    acl_rights_default = rights()\n",
    ],
)
def test_rights_that_are_computed_leave_everything_open_to_question(more: str, tmp_path: Path) -> None:
    assert not read(str(written(tmp_path, USUAL + more))).settled


def test_a_farm_says_what_the_wiki_does_not(tmp_path: Path) -> None:
    written(
        tmp_path,
        "class FarmConfig(D):\n    sitename = u'Farm'\n    acl_rights_before = u'Boss:read'\n",
        "farmconfig.py",
    )
    config = read(
        str(written(tmp_path, "from farmconfig import FarmConfig\nclass Config(FarmConfig):\n    sitename = u'One'\n"))
    )
    assert (config.values["site_name"], config.values["acl_before"]) == ("One", "Boss:read")


def test_a_directory_with_a_tree_needs_no_setting(tmp_path: Path) -> None:
    data = copied(tmp_path)
    written(tmp_path, USUAL)
    found = load(str(data), {})
    assert (found.storage, found.markup, found.site_name) == ("files:.", "moin", "Wiki der Gärtner")
    assert found.superusers == ("Änn", "Ben")
    assert found.acl_hierarchic and not found.unsettled
    written(data, "site_name = 'Other'\nmarkup = 'markdown'\n", settings.FILE)
    found = load(str(data), {"WIKI_LANGUAGE": "fr"})
    assert (found.site_name, found.markup, found.language) == ("Other", "markdown", "fr")
    assert found.acl_default == "Known:read,write All:read"


def test_what_was_read_is_read_again_when_the_file_changes(tmp_path: Path) -> None:
    data = copied(tmp_path)
    written(tmp_path, USUAL)
    assert load(str(data), {}).site_name == load(str(data), {}).site_name == "Wiki der Gärtner"
    written(data, USUAL.replace("Gärtner", "Köche"))
    assert load(str(data), {}).site_name == "Wiki der Köche"
    (data / "wikiconfig.py").unlink()
    shutil.move(tmp_path / "wikiconfig.py", tmp_path / "elsewhere.py")
    assert load(str(data), {}).unsettled
    assert not load(str(data), {"WIKI_WIKICONFIG": "../elsewhere.py"}).unsettled


def test_without_a_configuration_only_administrators_come_in(tmp_path: Path) -> None:
    data = copied(tmp_path)
    found = load(str(data), {})
    assert found.unsettled
    assert found.acl_before == CLOSED
    found = load(str(data), {"WIKI_ACL_DEFAULT": "All:read"})
    assert not found.unsettled and (found.acl_before, found.acl_default) == ("", "All:read")


def test_a_setting_that_cannot_be_used_is_left_out(tmp_path: Path) -> None:
    data = copied(tmp_path)
    written(tmp_path, USUAL.replace("'de'", "'d e'"))
    assert load(str(data), {}).language == "en"


def test_a_tree_of_ones_own_is_no_moinmoins(tmp_path: Path) -> None:
    from wiki.storage.files import FilesStorage

    FilesStorage(".", str(tmp_path)).close()
    assert not moin_config.is_tree(str(tmp_path))
    found = load(str(tmp_path), {"WIKI_STORAGE": "files:."})
    assert (found.markup, found.unsettled) == ("markdown", False)
    assert DEFAULT_RIGHTS["acl_default"].startswith("Trusted:")
