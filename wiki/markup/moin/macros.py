"""Macros in MoinMoin markup: `<<Name(arguments)>>`. A few are pure text and are written here, the rest become holes."""

from __future__ import annotations

from ..escaping import escaped
from . import ids, notes
from .emitter import Emitter
from .nesting import Nesting

BLOCKS = frozenset(
    "AbandonedPages AdvancedSearch AttachInfo AttachList BackLinks EditTemplates EditedSystemPages EmbedObject "
    "FullSearch FullSearchCached HighlighterList Include InterWiki LikePages MonthCalendar Navigation NewPage "
    "OrphanedPages PageHits PageList RecentChanges ShowSmileys StatsChart SystemAdmin SystemInfo "
    "TableOfContents TemplateList TitleIndex TitleSearch WantedPages WikiConfig WikiConfigHelp WordIndex".split()
)
"""Macros whose results are blocks: they end the paragraph that they stand in."""

LANGUAGES = frozenset(
    "ar bg ca cs da de el en eo es et fa fi fr gl he hi hr hu id is it ja ko lt lv mk mn nb nds nl pl pt ro ru sk sl "
    "sr sv th tr uk ur vi zh".split()
)
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
_OWN = frozenset({"Anchor", "BR", "FootNote", "Verbatim"})


def is_known(emitter: Emitter, name: str) -> bool:
    """Say whether there is a macro of this name."""
    return name in _OWN or name in LANGUAGES or name in emitter.context.macros


def write(emitter: Emitter, nesting: Nesting, name: str, arguments: str, source: str) -> None:
    """Write what a macro call becomes."""
    if name == "BR":
        nesting.text("<br>\n")
    elif name == "Anchor":
        nesting.hole(emitter.anchor(ids.anchor(arguments.strip())))
    elif name == "FootNote" and arguments.strip():
        notes.refer(emitter, nesting, arguments.strip())
    elif name == "FootNote":
        nesting.put(notes.listed(emitter))
    elif name == "Verbatim":
        nesting.text(escaped(arguments))
    elif name in LANGUAGES:
        direction = "rtl" if name in _RIGHT_TO_LEFT else "ltr"
        nesting.text(f'<span lang="{name}" dir="{direction}">{escaped(arguments)}</span>')
    elif name in BLOCKS:
        nesting.put(emitter.macro(name, arguments, source, block=True))
    else:
        nesting.hole(emitter.macro(name, arguments, source))
