"""The rows of the table of gateways say what is true of the tests."""

from __future__ import annotations

from wiki import deploying

from . import table
from .families import ELSEWHERE, GATEWAYS


def test_exceptions_name_tests_and_have_reasons() -> None:
    known = {each.replace(" ", "_") for each in table.conversation()}
    assert len(known) > 15
    for gateway in GATEWAYS:
        assert set(gateway.cannot) <= known, gateway
        assert all(len(reason) > 10 for reason in gateway.cannot.values()), gateway


def test_rows_are_told_apart_and_have_their_folder() -> None:
    assert len({str(gateway) for gateway in GATEWAYS}) == len(GATEWAYS)
    assert {gateway.family for gateway in GATEWAYS} | set(ELSEWHERE) <= set(deploying.gateways())
