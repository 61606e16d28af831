"""The rows of a botocore wheel."""

import gzip
import json
import zipfile
from pathlib import Path

from shipworthy.extensions.operation_naming.formats.botocore import row_id

from shipworthy.data.kinds.schema import Records
from tests.data.test_sources import read

OPERATIONS = Records(
    name="n",
    licence="l",
    file="w.whl",
    format="botocore",
    id="place",
    text="description",
    context=["service"],
    answer="operation",
)


def botocore(path: Path, **services: dict[str, str]) -> Path:
    """A wheel with one service description each: operation → documentation."""
    with zipfile.ZipFile(path, "w") as wheel:
        for name, operations in services.items():
            model = {
                "metadata": {"serviceId": name.upper()},
                "operations": {k: {"documentation": v} if v else {} for k, v in operations.items()},
            }
            content = gzip.compress(json.dumps(model).encode())
            wheel.writestr(f"botocore/data/{name}/2020-01-01/service-2.json.gz", content)
        wheel.writestr("botocore/data/endpoints.json", "{}")
    return path


def test_operations_of_every_service(tmp_path: Path) -> None:
    path = botocore(tmp_path / "w.whl", s3={"GetThing": "<p>Gets a thing. More.</p>", "Ping": ""}, ec2={"Go": "Go."})
    rows = read(OPERATIONS, path)
    assert set(rows.drop("id").rows()) == {
        ("EC2", "Go.", "Go"),
        ("S3", None, "Ping"),
        ("S3", "Gets a thing.", "GetThing"),
    }
    assert rows.filter(answer="GetThing")["id"][0] == row_id("s3/2020-01-01/GetThing")
    assert not any(name in identity for name, identity in rows.select("answer", "id").iter_rows())
