"""A wiki behind each gateway, and who visits it."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .families import GATEWAYS
from .installation import PLANTED, Installation, Missing, installed
from .servers import Gateway, logs, serving
from .visitor import Answer, Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def installation() -> Iterator[Installation]:
    """The program where every user of the machine can read it."""
    folder = Path(tempfile.mkdtemp(prefix="anywiki-program-", dir="/tmp"))
    try:
        yield installed(folder)
    except Missing as missing:
        absent(missing)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def absent(missing: Missing) -> None:
    if os.environ.get("CI"):
        pytest.fail(str(missing))
    pytest.skip(str(missing))


@dataclass(frozen=True)
class Site:
    """A wiki being served."""

    gateway: Gateway
    port: int
    folder: Path

    def visitor(self) -> Visitor:
        """Somebody who was never here."""
        return Visitor(self.port, self.gateway.mount)


# One process holds a gateway's whole conversation, so that its server is started once.
EACH = [pytest.param(each, id=str(each), marks=pytest.mark.xdist_group(str(each))) for each in GATEWAYS]


@pytest.fixture(scope="session", params=EACH)
def served(request: pytest.FixtureRequest, installation: Installation) -> Iterator[Site]:
    """A new wiki behind each gateway."""
    os.umask(0o022)
    folder = Path(tempfile.mkdtemp(prefix="anywiki-gateway-", dir="/tmp"))
    folder.chmod(0o777 if os.geteuid() == 0 else 0o755)
    before = request.session.testsfailed
    try:
        with serving(request.param, installation, folder) as run:
            yield Site(request.param, run.port, folder)
        if request.session.testsfailed > before:
            print(logs(folder))
        written = logs(folder, 10_000_000)
        assert written.count("Traceback") == written.count(PLANTED), logs(folder)
    except Missing as missing:
        absent(missing)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(request: pytest.FixtureRequest, served: Site) -> Site:
    """A wiki behind each gateway. Where its row says that it cannot do what a test asks, the test has to fail."""
    reason = served.gateway.cannot.get(request.node.originalname.removeprefix("test_"))
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    return served


@pytest.fixture
def visitor(site: Site) -> Visitor:
    """Somebody who was never here."""
    return site.visitor()


@pytest.fixture
def saved(site: Site, visitor: Visitor) -> Callable[[str, str], Answer]:
    """Save a page as somebody else."""

    def saved(name: str, text: str) -> Answer:
        answer = site.visitor().save(name, text)
        assert answer.status == 303, answer.text[:3000]
        return answer

    return saved
