"""What only the SQLite engine promises: durability, damage found, files private, upgrades, backups."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlite_utils import Database as Sheets
from sqlite_utils import Migrations

from wiki.model import BadRequest, EditConflict, Facts, Problem, Revision, StorageError, Unavailable
from wiki.query import DEPTH, And, Node, Not, Or, Phrase, Title, Word
from wiki.storage import open_storage, words
from wiki.storage.sqlite import SqliteStorage, database, index, schema, search

from .filling import SECRET, delete, link, names, save, upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqliteStorage]:
    """An empty database."""
    opened = SqliteStorage("wiki.db", str(tmp_path))
    yield opened
    opened.close()


def pragma(storage: SqliteStorage, name: str) -> object:
    row = storage._row(f"pragma {name}")
    return row and row[0]


def problems(storage: SqliteStorage) -> list[Problem]:
    return [problem for problem in storage.check() if not problem.warning]


# -- the file ----------------------------------------------------------------------------------------------------------


def test_the_file_and_its_folder_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        storage = open_storage("sqlite:deep/er/wiki.db", str(tmp_path))
    finally:
        os.umask(before)
    save(storage, "A")
    assert stat.S_IMODE((tmp_path / "deep/er/wiki.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "deep/er").stat().st_mode) == 0o700
    storage.close()


def test_a_commit_survives_a_power_cut(storage: SqliteStorage) -> None:
    extra, full = 3, 2
    if pragma(storage, "journal_mode") == "wal":
        assert pragma(storage, "synchronous") == full
    else:
        assert pragma(storage, "journal_mode") == "delete"
        assert pragma(storage, "synchronous") == extra


def test_wal_is_left_where_it_is_not_sound(storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    storage._run("pragma journal_mode = wal").fetchall()
    save(storage, "A", "kept")
    storage.close()
    monkeypatch.setattr(database, "safe_wal", lambda path: False)
    assert pragma(storage, "journal_mode") == "delete"
    assert storage.revision("A").text == "kept"
    storage._run("pragma journal_mode = wal").fetchall()
    storage.close()
    monkeypatch.setattr(database, "safe_wal", lambda path: True)
    assert pragma(storage, "journal_mode") == "wal"
    assert pragma(storage, "synchronous") == 2


@pytest.mark.parametrize(
    ("version", "safe"),
    [((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 50, 6), False),
     ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 52, 0), True)],
)  # fmt: skip
def test_wal_only_where_sqlite_and_the_file_system_are_sound(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], safe: bool
) -> None:
    monkeypatch.setattr(database, "file_system", lambda path: "ext4")
    assert database.safe_wal("/x", version) is safe
    for kind in ("nfs4", "fuse.sshfs", "cifs", ""):
        monkeypatch.setattr(database, "file_system", lambda path, kind=kind: kind)
        assert not database.safe_wal("/x", version)


def test_the_file_system_of_a_path_is_that_of_the_nearest_mount() -> None:
    assert database.file_system("/proc/self/x") == "proc"


def test_opening_imports_no_schema(tmp_path: Path) -> None:
    SqliteStorage("wiki.db", str(tmp_path)).close()
    script = (
        "import sys; from wiki.storage import open_storage; s = open_storage('sqlite:wiki.db', sys.argv[1]); s.pages();"
        "never = {'sqlite_utils', 'wiki.storage.sqlite.schema', 'flask', 'difflib', 'wiki.query'};"
        "print(sorted(never & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_versions_agree(storage: SqliteStorage) -> None:
    assert database.VERSION == schema.VERSION == len(schema.migrations._migrations) == pragma(storage, "user_version")


def test_a_database_from_a_newer_program_is_refused(storage: SqliteStorage) -> None:
    storage._run(f"pragma user_version = {database.VERSION + 1}")
    with pytest.raises(StorageError, match="newer version"):
        SqliteStorage(storage.path)


def test_what_is_no_wiki_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table other (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="not a wiki"):
        SqliteStorage(str(path))
    assert path.read_bytes() == before
    path.write_bytes(b"This is a text and no database at all. " * 100)
    with pytest.raises(StorageError):
        SqliteStorage(str(path))


def newer(monkeypatch: pytest.MonkeyPatch, step: Callable[[Sheets], None]) -> None:
    """Make the program one version newer, with one more migration."""
    more = Migrations("wiki")
    more(name="first")(schema.first)
    more(name="second")(step)
    monkeypatch.setattr(schema, "migrations", more)
    monkeypatch.setattr(schema, "VERSION", 2)
    monkeypatch.setattr(database, "VERSION", 2)


def test_an_older_database_is_upgraded_after_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = SqliteStorage("wiki.db", str(tmp_path))
    save(old, "A", "kept")
    old.close()
    newer(monkeypatch, lambda db: db.conn.execute("create table novelty (x)"))  # type: ignore[arg-type]
    new = SqliteStorage("wiki.db", str(tmp_path))
    assert new.revision("A").text == "kept"
    assert new._rows("select * from novelty") == []
    assert pragma(new, "user_version") == 2
    new.close()
    copy = tmp_path / "wiki.db.version-1"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    monkeypatch.undo()
    kept = SqliteStorage(str(copy))
    assert kept.revision("A").text == "kept"
    kept.close()


def test_an_upgrade_that_fails_leaves_the_old_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = SqliteStorage("wiki.db", str(tmp_path))
    save(old, "A", "kept")
    old.close()

    def failing(db: Sheets) -> None:
        db.conn.execute("create table novelty (x)")
        db.conn.execute("delete from page")
        raise RuntimeError

    newer(monkeypatch, failing)
    with pytest.raises(RuntimeError):
        SqliteStorage("wiki.db", str(tmp_path))
    monkeypatch.undo()
    again = SqliteStorage("wiki.db", str(tmp_path))
    assert again.revision("A").text == "kept"
    assert again._rows("select 1 from sqlite_master where name = 'novelty'") == []
    again.close()


def test_many_that_create_it_at_once_create_it_once(tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def opening() -> None:
        try:
            storage = SqliteStorage("wiki.db", str(tmp_path))
            storage.pages()
            storage.close()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=opening) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


# -- locked, full, read-only -----------------------------------------------------------------------------------------


def test_a_locked_database_is_unavailable_and_recovers(storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    save(storage, "A", "before")
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    storage.close()
    other = sqlite3.connect(storage.path, isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(Unavailable):
        save(storage, "A", "lost")
    assert storage.revision("A").text == "before"
    other.execute("rollback")
    other.close()
    assert save(storage, "A", "after").number == 2


def test_a_full_disk_still_reads(storage: SqliteStorage) -> None:
    save(storage, "A", "before")
    storage._run(f"pragma max_page_count = {pragma(storage, 'page_count')}")
    with pytest.raises(Unavailable):
        upload(storage, "A", "f", os.urandom(500_000))
    with pytest.raises(Unavailable), storage.writing():  # noqa: PT012
        save(storage, "B", "small")
        try:
            upload(storage, "A", "f", os.urandom(9_000_000))
        except Unavailable:
            save(storage, "C", "must not be committed by itself")
            raise
    assert names(storage.pages()) == ["A"]
    assert storage.revision("A").text == "before"
    storage._run("pragma max_page_count = 1000000")
    assert save(storage, "A", "after").number == 2
    assert problems(storage) == []


def _try_as_nobody(path: str, answers: multiprocessing.SimpleQueue[object]) -> None:
    if os.geteuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    storage = SqliteStorage(path)
    text = storage.revision("A").text
    found = names(storage.search(Word("before")).hits)
    try:
        save(storage, "A", "lost")
    except Unavailable:
        answers.put((text, found, len(list(storage.check()))))
    else:
        answers.put("it was saved")


def test_a_read_only_database_still_reads() -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        storage = SqliteStorage("wiki.db", str(folder))
        save(storage, "A", "before")
        storage.close()
        (folder / "wiki.db").chmod(0o444)
        folder.chmod(0o555)
        fork = multiprocessing.get_context("fork")
        answers = fork.SimpleQueue()
        child = fork.Process(target=_try_as_nobody, args=(storage.path, answers))
        child.start()
        child.join()
        assert not answers.empty()
        assert answers.get() == ("before", ["A"], 0)
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_an_error_of_our_own_is_not_called_a_conflict(storage: SqliteStorage) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        storage._rows("select * from nonsense")


# -- threads and processes -------------------------------------------------------------------------------------------


def _write_lines(path: str, who: int, turns: int, results: multiprocessing.SimpleQueue[object]) -> None:
    storage = SqliteStorage(path)
    acknowledged: list[str] = []
    errors: list[str] = []

    def writing(thread: int) -> None:
        for turn in range(turns):
            line = f"{who}-{thread}-{turn}"
            while True:
                try:
                    base = storage.revision("P")
                    text = f"{base.text}{line}\n"
                    storage.put(Revision(page="P", number=base.number + 1, text=text), Facts(body=text))
                    acknowledged.append(line)
                    break
                except EditConflict:
                    continue
                except Exception as error:
                    errors.append(repr(error))
                    break
        storage.close()

    threads = [threading.Thread(target=writing, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((acknowledged, errors))


def test_two_processes_of_eight_threads_lose_no_save(storage: SqliteStorage) -> None:
    save(storage, "P", "")
    spawn = multiprocessing.get_context("spawn")
    results = spawn.SimpleQueue()
    writers = [spawn.Process(target=_write_lines, args=(storage.path, who, 4, results)) for who in range(2)]
    for writer in writers:
        writer.start()
    answers = [results.get() for _ in writers]
    for writer in writers:
        writer.join()
    assert [errors for _, errors in answers] == [[], []]
    acknowledged = [line for lines, _ in answers for line in lines]
    assert len(acknowledged) == 64
    assert sorted((storage.revision("P").text or "").split()) == sorted(acknowledged)
    assert [change.number for change in storage.history("P", limit=100)] == list(range(65, 0, -1))
    assert problems(storage) == []


def test_a_child_opens_its_own_connection(storage: SqliteStorage) -> None:
    save(storage, "A", "parent")
    fork = multiprocessing.get_context("fork")
    child = fork.Process(target=lambda: save(storage, "A", "child"))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert storage.revision("A").text == "child"
    assert save(storage, "A", "parent again").number == 3


# -- backup ----------------------------------------------------------------------------------------------------------


def test_a_backup_is_whole_and_private(storage: SqliteStorage, tmp_path: Path) -> None:
    save(storage, "A", "kept words", links=link("B"))
    stored = upload(storage, "A", "f", os.urandom(600_000))
    told: list[tuple[str, int, int]] = []
    storage.backup(str(tmp_path / "copy.db"), lambda *step: told.append(step))
    save(storage, "A", "after the backup")
    assert told[-1][1] == told[-1][2]
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    copy = SqliteStorage(str(tmp_path / "copy.db"))
    assert copy.revision("A").text == "kept words"
    assert b"".join(copy.content(stored)) == b"".join(storage.content(stored))
    assert problems(copy) == []
    copy.close()
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_a_backup_while_others_save_has_all_that_was_acknowledged(storage: SqliteStorage, tmp_path: Path) -> None:
    stop = threading.Event()
    acknowledged: list[int] = []

    def saving() -> None:
        while not stop.is_set():
            acknowledged.append(save(storage, "P", "x" * 3000).number)
            stop.wait(0.01)
        storage.close()

    writer = threading.Thread(target=saving)
    writer.start()
    try:
        for number in range(3):
            before = len(acknowledged)
            storage.backup(str(tmp_path / "copy.db"))
            copy = SqliteStorage(str(tmp_path / "copy.db"))
            assert problems(copy) == []
            if before:
                assert copy.page("P").number >= before, number
            copy.close()
    finally:
        stop.set()
        writer.join()


def test_a_backup_that_is_ever_disturbed_ends(
    storage: SqliteStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_to = save(storage, "A", "x")
    upload(storage, upload_to.page, "f", os.urandom(300_000))
    monkeypatch.setattr(database, "BACKUP_PAGES", 5)
    told: list[int] = []

    def disturb(_what: str, done: int, total: int) -> None:
        told.append(done)
        if done < total:
            save(storage, "A", "again")

    storage.backup(str(tmp_path / "copy.db"), disturb)
    assert database.BACKUP_ROUNDS < len(told) < 5 * database.BACKUP_ROUNDS
    copy = SqliteStorage(str(tmp_path / "copy.db"))
    assert copy.page("A").number == storage.page("A").number
    assert problems(copy) == []
    copy.close()


# -- damage ----------------------------------------------------------------------------------------------------------


def flipped(storage: SqliteStorage, table: str, column: str, where: str) -> None:
    """Change one byte of a stored value."""
    row = storage._row(f"select cast({column} as blob) from {table} where {where}")
    assert row is not None
    data = bytearray(row[0])
    data[len(data) // 2] ^= 4
    storage._run(f"update {table} set {column} = ? where {where}", bytes(data))


def test_a_damaged_text_is_found_and_not_served(storage: SqliteStorage) -> None:
    first = save(storage, "A", "Some text that is damaged later. " * 20)
    save(storage, "B", "sound")
    flipped(storage, "text", "packed", f"change = {first.position}")
    with pytest.raises(StorageError):
        storage.revision("A")
    assert any("damaged" in problem.what for problem in problems(storage))
    assert storage.revision("B").text == "sound"
    assert save(storage, "A", "saved over it").number == 2
    assert storage.revision("A").text == "saved over it"
    assert names(storage.search(Word("saved")).hits) == ["A"]


@pytest.mark.parametrize(
    ("table", "assignment"),
    [
        ("change", "comment = 'another'"),
        ("change", "time = time + 1"),
        ("change", "number = number + 5"),
        ("change", "address = 'x'"),
        ("author", "name = 'Eve'"),
        ("page", "number = 9"),
        ("page", "tree = 'x'"),
        ("page", "latest = 77"),
        ("page", "acl = 5"),
        ("page", "deleted = 1"),
        ("page", "body = 3"),
        ("acl", "pages = pages + 1"),
        ("link", "missing = 1 - missing"),
        ("link", "page = 99"),
        ("attachment", "size = size + 1"),
        ("attachment", "sha256 = 'x'"),
        ("piece", "data = x'00'"),
        ("piece", "number = number + 1"),
        ("user", "data = '{'"),
    ],
)
def test_a_changed_row_is_found(storage: SqliteStorage, table: str, assignment: str) -> None:
    from wiki.model import User

    save(storage, "A", "some text", links=link("B"), comment="why", acl=SECRET)
    upload(storage, "A", "f", b"data")
    storage.put_user(User(id="1", name="Ann"))
    assert problems(storage) == []
    storage._run(f"update {table} set {assignment}")
    assert problems(storage) != []


def test_a_damaged_file_is_not_served(storage: SqliteStorage) -> None:
    save(storage, "A")
    stored = upload(storage, "A", "f", os.urandom(600_000))
    flipped(storage, "piece", "data", "number = 1")
    with pytest.raises(StorageError):
        list(storage.content(stored))
    assert next(storage.content(stored))


def test_an_index_that_does_not_fit_is_found_and_mended(storage: SqliteStorage) -> None:
    save(storage, "A", "alpha beta")
    save(storage, "B", "gamma")
    arguments = (1, *index.columns(words.terms("A"), words.terms("alpha beta")))
    storage._run("insert into search (search, rowid, title, body) values ('delete', ?, ?, ?)", *arguments)
    assert [problem.where for problem in problems(storage)] == ["A"]
    assert names(storage.search(Word("alpha")).hits) == []
    storage.reindex(lambda revision: Facts(body=revision.text or ""))
    assert problems(storage) == []
    assert names(storage.search(Word("alpha")).hits) == ["A"]


def test_a_damaged_index_stops_no_save(storage: SqliteStorage) -> None:
    save(storage, "A", "alpha beta " * 50)
    storage._run("update search_data set block = x'00' where id > 10")
    storage.close()
    save(storage, "A", "gamma")
    assert storage.revision("A").text == "gamma"
    assert problems(storage) != []


def test_flipped_bytes_are_found_or_harmless(storage: SqliteStorage) -> None:
    """A byte of the file is changed at random: what is read is then right, refused, or reported by the check."""
    for number in range(12):
        save(storage, f"P{number}", f"Words of page {number}. " * 60, links=link(f"P{number + 1}"))
    upload(storage, "P0", "f", os.urandom(20_000))
    storage.close()
    whole = Path(storage.path).read_bytes()
    expected = {f"P{number}": f"Words of page {number}. " * 60 for number in range(12)}
    chance = random.Random(7)
    unnoticed = 0
    rounds = 60
    for _ in range(rounds):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        Path(storage.path).write_bytes(data)
        try:
            damaged = SqliteStorage(storage.path)
            if problems(damaged):
                damaged.close()
                continue
            for name, text in expected.items():
                assert damaged.revision(name).text == text
            found = names(damaged.search(Word("words"), limit=50).hits)
            unnoticed += sorted(found) != sorted(expected)
            damaged.close()
        except StorageError:
            continue
    assert unnoticed == 0


# -- the search index ------------------------------------------------------------------------------------------------


def test_without_fts5_words_and_beginnings_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "has_fts5", lambda connection: False)
    storage = SqliteStorage("wiki.db", str(tmp_path))
    save(storage, "Fox", "The quick brown 日本 thing")
    save(storage, "Dog", "Lazy and brown", acl=SECRET)
    save(storage, "Gone", "brown")
    delete(storage, "Gone")
    for query, expected in (
        (Word("brown"), ["Dog", "Fox"]),
        (Word("bro"), ["Dog", "Fox"]),
        (Word("fo"), ["Fox"]),
        (Word("日"), ["Fox"]),
        (Word("日本"), ["Fox"]),
        (Phrase("quick brown"), ["Fox"]),
        (And((Word("brown"), Not(Word("lazy")))), ["Fox"]),
        (Or((Word("lazy"), Title("fox"))), ["Dog", "Fox"]),
        (Word("nothing"), []),
        (Word("-"), []),
    ):
        assert sorted(names(storage.search(query).hits)) == expected, query
    assert names(storage.search(Word("brown"), readable=[None]).hits) == ["Fox"]
    save(storage, "Fox", "slow")
    assert names(storage.search(Word("quick")).hits) == []
    found = list(storage.check())
    assert len(found) == 1
    assert found[0].warning
    assert "FTS5" in found[0].what
    storage.close()


def test_an_index_of_another_splitting_is_not_used_until_made_anew(
    storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(storage, "A", "alpha")
    monkeypatch.setattr(words, "VERSION", words.VERSION + 1)
    save(storage, "A", "beta")
    save(storage, "B", "beta")
    assert sorted(names(storage.search(Word("beta")).hits)) == ["A", "B"]
    assert names(storage.search(Word("alpha")).hits) == []
    assert any("reindex" in problem.what for problem in problems(storage))
    storage.reindex(lambda revision: Facts(body=revision.text or ""))
    assert problems(storage) == []
    assert sorted(names(storage.search(Word("bet")).hits)) == ["A", "B"]


def test_a_deep_or_long_query_is_answered(storage: SqliteStorage) -> None:
    save(storage, "A", "fox and hound")
    deep: Node = Word("fox")
    for _ in range(DEPTH):
        deep = And((Or((deep, Word("cat"))), Not(Word("dog"))))
    assert names(storage.search(deep).hits) == ["A"]
    long = (*(Word(f"w{number}") for number in range(200)), Word("fox"))
    assert names(storage.search(Or(long)).hits) == ["A"]
    assert names(storage.search(And((Word("hound"), *(Not(word) for word in long[:-1])))).hits) == ["A"]


def test_what_cannot_be_stored_cannot_be_asked_for(storage: SqliteStorage) -> None:
    for call in (
        lambda: storage.page("\ud800"),
        lambda: storage.search(Title("\udfff")),
        lambda: storage.changes(before=(1 << 70, 0)),
    ):
        with pytest.raises(BadRequest):
            call()


def test_more_matches_than_are_ranked(storage: SqliteStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    save(storage, "Needle", "the oldest page")
    for number in range(12):
        save(storage, f"P{number:02}", "needle common")
    monkeypatch.setattr(search, "CAP", 5)
    hits = storage.search(Word("needle"), limit=50)
    assert hits.more
    assert hits.total == 5
    assert hits.hits[0].name == "Needle"
    assert hits.hits[0].title


def test_a_beginning_of_more_words_than_are_looked_for(storage: SqliteStorage) -> None:
    save(storage, "A", " ".join(f"word{number}" for number in range(search.EXPANSIONS + 20)))
    save(storage, "B", "word")
    hits = storage.search(Word("word"))
    assert sorted(names(hits.hits)) == ["A", "B"]
    assert hits.more
    assert not storage.search(Word("word11")).more
