"""The columns of `nnspec summary` that are shown on request."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main

NETWORK = """
model Small {
  input image: float[N, 1, 16, 16]
  conv: Conv2d(4, [7, 3], stride = [2, 1], padding = [3, 1]) -> ReLU
  pool: MaxPool2d(2)
  frozen: Parameter([4, 1, 1], trainable = false)
  scaled = pool * frozen
  best = argmax(scaled, dim = 1)
  output found = best
}
"""


UNET = """
block Double(width): x { 2 x { Conv2d(width, 3, padding = 1) -> ReLU } }
model TinyUNet {
  input image: float[N, 1, 16, 16]
  enc: Double(4) -> down: MaxPool2d(2)
  mid: Double(4)
  up: ConvTranspose2d(4, 2, stride = 2)
  (enc, up) -> Concat
  dec: Double(4)
  output mask = head: Conv2d(1, 1)
}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.nn"
    path.write_text(NETWORK)
    return path


def test_columns_are_added_in_the_order_in_which_they_are_asked_for():
    columns = ("kernel", "stride", "dtype", "trainable", "input")
    lines = nnspec.loads(NETWORK).summary().table(columns=columns).splitlines()
    assert (
        "\n".join(lines[4:11])
        == """\
Layer                          Output         Kernel  Stride  Type   Trainable  Input                    Parameters    MACs
───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
├─ conv: Conv2d + ReLU         [N, 4, 8, 16]     7x3     2x1  float         88  [N, 1, 16, 16]                   88  10,752
├─ pool: MaxPool2d             [N, 4, 4, 8]        2       2  float          0  [N, 4, 8, 16]                     0       0
├─ frozen: Parameter (frozen)  [4, 1, 1]           -       -  float          0  -                                 4       0
├─ Multiply  ← pool, frozen    [N, 4, 4, 8]        -       -  float          0  [N, 4, 4, 8], [4, 1, 1]           0       0
└─ ArgMax                      int[N, 4, 8]        -       -  int            0  [N, 4, 4, 8]                      0       0"""
    )


def test_the_wiring_and_the_fields_of_a_u_net_can_be_read_off_the_table():
    lines = nnspec.loads(UNET).summary().table(columns=("kernel", "stride", "field")).splitlines()
    assert (
        "\n".join(lines[4:-7])
        == """\
Layer                      Output          Kernel  Stride  Field  Parameters     MACs
─────────────────────────────────────────────────────────────────────────────────────
├─ enc: Double             [N, 4, 16, 16]       -       -      5         188   46,080
│  ├─ 0: { ... }           [N, 4, 16, 16]       -       -      3          40    9,216
│  │  └─ 0: Conv2d + ReLU  [N, 4, 16, 16]       3       1      3          40    9,216
│  └─ 1: { ... }           [N, 4, 16, 16]       -       -      5         148   36,864
│     └─ 0: Conv2d + ReLU  [N, 4, 16, 16]       3       1      5         148   36,864
├─ down: MaxPool2d         [N, 4, 8, 8]         2       2      6           0        0
├─ mid: Double             [N, 4, 8, 8]         -       -     14         296   18,432
│  └─ 0..1: 2 x { ... }    [N, 4, 8, 8]         -       -     14         296   18,432
│     └─ 0: Conv2d + ReLU  [N, 4, 8, 8]         3       1     10         148    9,216
├─ up: ConvTranspose2d     [N, 4, 16, 16]       2       2     14          68    4,096
├─ 4: Concat  ← enc, up    [N, 8, 16, 16]       -       -     14           0        0
├─ dec: Double             [N, 4, 16, 16]       -       -     18         440  110,592
│  ├─ 0: { ... }           [N, 4, 16, 16]       -       -     16         292   73,728
│  │  └─ 0: Conv2d + ReLU  [N, 4, 16, 16]       3       1     16         292   73,728
│  └─ 1: { ... }           [N, 4, 16, 16]       -       -     18         148   36,864
│     └─ 0: Conv2d + ReLU  [N, 4, 16, 16]       3       1     18         148   36,864
└─ head: Conv2d            [N, 1, 16, 16]       1       1     18           5    1,024"""
    )


def test_an_unknown_column_is_wrong_usage(small: Path):
    result = CliRunner().invoke(main, ["summary", str(small), "--columns", "kernel,kernels"])
    assert result.exit_code == 2
    assert "there is no column 'kernels': the columns are kernel, stride, " in result.stderr
    with pytest.raises(nnspec.SpecError, match="no column 'x'"):
        nnspec.load(str(small)).summary().table(columns=["x"])


def test_json_has_all_columns(small: Path):
    result = CliRunner().invoke(main, ["summary", str(small), "--json"])
    rows = {row["path"]: row for row in json.loads(result.stdout)["rows"]}
    assert (rows["conv"]["kernel"], rows["conv"]["stride"], rows["conv"]["trainable"]) == ([7, 3], [2, 1], 88)
    assert (rows["frozen"]["trainable"], rows["frozen"]["parameters"]) == (0, 4)
    assert rows["pool"]["inputs"] == [{"dtype": "float", "shape": ["N", 4, 8, 16]}]
