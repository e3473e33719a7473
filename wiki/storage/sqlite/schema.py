"""The tables of a SQLite database, made and changed by numbered migrations; imported only to create or upgrade one."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database, Migrations

from .. import words

VERSION = 1
"""What `PRAGMA user_version` is after all migrations; `database.VERSION` says the same and a test compares them."""

migrations = Migrations("wiki")

TABLES = """
create table meta (key text primary key, value text not null) without rowid;

-- Distinct ACLs; `pages` counts the pages that have it now. Row 0 stands for none.
create table acl (id integer primary key, text text unique, pages integer not null default 0);

-- `tree` is the name with \\x01 for /, so that a page's descendants directly follow it; `folded` is words.fold(name).
-- `latest` is the change that made the newest revision; `body` is where in its text the searched body begins, -1: see
-- table body.
create table page (
    id integer primary key,
    uid text not null unique,
    name text not null unique,
    tree text not null,
    folded text not null,
    number integer not null default 0,
    time integer not null default 0,
    deleted integer not null default 0,
    acl integer not null default 0,
    format text not null default '',
    redirect text not null default '',
    latest integer not null default 0,
    body integer not null default 0
);
create index page_name on page (deleted, name, acl);
create index page_tree on page (deleted, tree, acl);
create index page_folded on page (deleted, folded, name, acl);
create table body (page integer primary key, packed blob not null);

create table author (
    id integer primary key,
    account text not null,
    name text not null,
    who text not null,      -- the account, or the name of an author without one
    folded text not null,   -- words.user_key(name)
    unique (account, name)
);
create index author_who on author (who);
create index author_folded on author (folded);

-- The row id is the position. Texts lie apart, so that lists read no text.
create table change (
    id integer primary key,
    page integer not null,
    number integer not null,
    time integer not null,
    kind text not null,
    source text not null,
    comment text not null,
    minor integer not null,
    size integer not null,
    author integer not null,
    address text not null,
    host text not null,
    digest blob             -- of a revision: over all of the above but the page, and the text
);
create index change_page on change (page, time);
create unique index change_number on change (page, number) where number > 0;
create index change_time on change (time);
create index change_author on change (author, time, page, number);
create table link (
    page integer not null,
    place integer not null,
    kind text not null,
    target text not null,
    detail text not null,
    missing integer not null,   -- the target is no page, and the kind is one that wants pages
    primary key (page, place)
) without rowid;
create index link_target on link (target, kind, detail, page);
create index link_missing on link (target, page) where missing;

create table attachment (
    id integer primary key,
    page integer not null,
    name text not null,
    version integer not null,
    size integer not null,
    type text not null,
    sha256 text not null,
    width integer not null,
    height integer not null,
    author integer not null,
    address text not null,
    host text not null,
    time integer not null,
    comment text not null,
    deleted integer not null,
    unique (page, name, version)
);

create table user (id text primary key, name text not null, data text not null);
create table user_key (key text primary key, user text not null) without rowid;
create index user_key_user on user_key (user);
insert into acl (id, text, pages) values (0, null, 0);
"""

CONTENTS = """
create table text (change integer primary key, packed blob not null, raw blob);
create table piece (attachment integer not null, number integer not null, crc integer not null, data blob not null,
    primary key (attachment, number));
"""

RECORDS = """
create table record (kind text not null, key text not null, value text not null, expires integer not null,
    primary key (kind, key)) without rowid;
create index record_expires on record (expires) where expires > 0;
create table tally (key text not null, seconds integer not null, span integer not null, count integer not null,
    ends integer not null, primary key (key, seconds)) without rowid;
create index tally_ends on tally (ends);
"""

# The words are split and folded by storage/words.py, so the tokenizer has only blanks to find. `word` holds each
# distinct word once, and `gram` the trigrams of those: parts of words are looked up there and not in the text.
SEARCH = """
create virtual table search using fts5(title, body, content='', tokenize='ascii');
insert into search (search, rank) values ('crisismerge', 64);
"""
WORDS = "create table word (id integer primary key, word text not null unique);"
GRAMS = "create virtual table gram using fts5(word, content='', detail='none', tokenize='trigram', columnsize=0);"
PLAIN = """
create table occurrence (word text not null, page integer not null, title integer not null,
    primary key (word, page)) without rowid;
create index occurrence_page on occurrence (page);
"""


@migrations()
def first(db: Database) -> None:
    """Everything that version 1 has."""
    run(db.conn, TABLES + CONTENTS + RECORDS)
    search_tables(db.conn)


def search_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of the search index that this SQLite can have, empty, in place of those that are there."""
    for table in ("search", "gram", "word", "occurrence"):
        connection.execute(f"drop table if exists {table}")
    run(connection, WORDS)
    mode = "plain"
    if has_fts5(connection):
        mode = "fts5"
        run(connection, SEARCH)
        if sqlite3.sqlite_version_info >= (3, 34, 0):
            run(connection, GRAMS)
            mode = "fts5+gram"
    else:
        run(connection, PLAIN)
    rows = [("search", mode), ("words", str(words.VERSION))]
    connection.executemany("insert or replace into meta (key, value) values (?, ?)", rows)


def has_fts5(connection: sqlite3.Connection) -> bool:
    """Say whether this SQLite was built with FTS5."""
    return bool(connection.execute("select sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0])


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a database to VERSION. The caller holds the write transaction and commits."""
    db = Database(connection, execute_plugins=False)
    migrations.apply(db)
    connection.execute(f"pragma user_version = {VERSION}")
    connection.execute("pragma application_id = 1465466745")


def run(connection: sqlite3.Connection, script: str) -> None:
    """Execute statements one by one: `executescript` would commit the transaction."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""
