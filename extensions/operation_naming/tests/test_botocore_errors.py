"""The kinds of errors of a botocore wheel's operations."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest
from shipworthy.extensions.operation_naming.formats.botocore_errors import kinds

from shipworthy.data import build
from shipworthy.data.kinds.schema import Records
from shipworthy.data.row_store import RowStore
from tests.data.test_sources import read

ERRORS = Records(
    name="n",
    licence="l",
    file="w.whl",
    format="botocore_errors",
    id="place",
    text="description",
    context=["service"],
    answer="errors",
)


def details(*names: str) -> dict[str, list[dict[str, str]]]:
    return {"errors": [{"shape": name} for name in names]}


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ((), []),
        (("SomethingElse",), []),
        (("NoSuchBucket", "ResourceNotFoundException"), ["not found"]),
        (("TooManyRequestsException", "AccessDenied"), ["denied", "throttled"]),
        (("LimitExceededException", "ServiceQuotaExceededException", "InternalServerError"), ["internal", "limit"]),
    ],
)
def test_errors_are_sorted_by_their_names(names: tuple[str, ...], found: list[str]) -> None:
    assert kinds(details(*names)) == found


def test_operations_have_lists_of_kinds(tmp_path: Path) -> None:
    model = {
        "metadata": {"serviceId": "S3"},
        "operations": {
            "Get": {"documentation": "<p>Gets a thing. More.</p>", **details("NoSuchKey", "InvalidKey")},
            "Ping": {"documentation": "Answers."},
        },
    }
    with zipfile.ZipFile(tmp_path / "w.whl", "w") as wheel:
        name = "botocore/data/s3/2020-01-01/service-2.json.gz"
        wheel.writestr(name, gzip.compress(json.dumps(model).encode()))
    store = RowStore(read(ERRORS, tmp_path / "w.whl"), tmp_path / "rows")
    build.clean_rows(ERRORS, store, labels=True)
    rows = store.rows.select("service", "description", "answer").collect()
    assert set(rows.rows()) == {("S3", "Gets a thing.", '["invalid", "not found"]'), ("S3", "Answers.", "[]")}
