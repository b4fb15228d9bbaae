import json
from pathlib import Path
from typing import Any

import pytest

from stages.common.host.cloud import machine_type
from stages.common.host.topology import Sysfs


def firmware(folder: Path, vendor: str, product: str) -> Sysfs:
    (folder / "class/dmi/id").mkdir(parents=True)
    (folder / "class/dmi/id/sys_vendor").write_text(f"{vendor}\n")
    (folder / "class/dmi/id/product_name").write_text(f"{product}\n")
    return Sysfs(folder)


@pytest.mark.parametrize(
    ("vendor", "product", "shown"),
    [
        ("Amazon EC2", "m7i.xlarge", "m7i.xlarge"),
        ("Amazon EC2", "", "unknown"),
        ("Xen", "HVM domU", "unknown"),
        ("Google", "Google Compute Engine", "unknown"),
        ("Microsoft Corporation", "Virtual Machine", "unknown"),
    ],
)
def test_it_is_the_product_of_ec2_alone(
    tmp_path: Path, vendor: str, product: str, shown: str
) -> None:
    assert machine_type(firmware(tmp_path, vendor, product), tmp_path / "none") == shown


@pytest.mark.parametrize(
    ("meta_data", "shown"),
    [
        ({"instance-type": "c7i.2xlarge"}, "c7i.2xlarge"),
        ({"imds": {"compute": {"vmSize": "Standard_D4s_v6"}}}, "Standard_D4s_v6"),
        ({"instance-type": "redacted for non-root user"}, "unknown"),
        ({"instance-type": 3, "imds": []}, "unknown"),
        ([], "unknown"),
    ],
)
def test_else_it_is_what_cloud_init_keeps(tmp_path: Path, meta_data: Any, shown: str) -> None:
    path = tmp_path / "instance-data.json"
    path.write_text(json.dumps({"ds": {"meta_data": meta_data}, "v1": {"instance_id": "i-1"}}))
    assert machine_type(Sysfs(tmp_path), path) == shown


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "instance-data.json"
    for text in ("", "{", "[" * 100_000):
        path.write_text(text)
        assert machine_type(Sysfs(tmp_path), path) == "unknown"
