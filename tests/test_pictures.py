"""Pictures: every mode that Pillow knows, upright, within 0 and 1, alike in training and prediction."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import nnspec
from nnspec.cli.main import main
from nnspec.infer.pictures import read_picture as given
from nnspec.infer.ports import TensorPort
from nnspec.reading.pictures import pixels, read_classes, read_into, read_picture, upright
from nnspec.reading.unreadable import Unreadable
from nnspec.recipe.plan import read_plan
from nnspec.train.data.read import read
from nnspec.train.fit import frame_of
from tests.test_train_data import read_text

GREY = np.linspace(0, 1, 12).reshape(3, 4)  # what every picture below shows
IMAGE = """
model C(classes = 2) {
  input image: float[N, CHANNELS, 8, 8]
  output logits = Flatten -> Linear(classes)
}
train { data = images("set") }
"""


def shown(mode: str) -> Image.Image:
    """The grey levels in a mode."""
    levels = Image.fromarray(np.round(GREY * 255).astype(np.uint8))
    if mode == "F":
        return Image.fromarray(GREY.astype(np.float32))
    if mode == "I":
        return Image.fromarray(np.round(GREY * 65535).astype(np.int32))
    if mode.startswith("I;16"):
        order = ">" if mode.endswith("B") else "<"
        return Image.frombytes(mode, (4, 3), np.round(GREY * 65535).astype(f"{order}u2").tobytes())
    if mode == "1":
        return Image.fromarray(GREY > 0.5)
    if mode in ("La", "PA", "RGBa"):
        return levels.convert({"La": "LA", "PA": "LA", "RGBa": "RGBA"}[mode]).convert(mode)
    if mode == "LAB":
        return Image.merge("LAB", (levels, *[Image.new("L", (4, 3), 128)] * 2))
    return levels.convert("RGB").convert(mode) if mode in ("CMYK", "HSV", "YCbCr") else levels.convert(mode)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(
    "mode",
    ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "La", "CMYK", "YCbCr", "HSV", "I", "F", "I;16", "I;16L",
     "I;16B", "I;16N"],
)  # fmt: skip
def test_a_picture_shows_the_same_in_every_mode(mode: str, channels: int) -> None:
    found = pixels(shown(mode), channels, (3, 4))
    wanted = (GREY > 0.5) if mode == "1" else GREY
    assert found.dtype == np.float32 and found.shape == (channels, 3, 4)
    for channel in found[:3]:
        np.testing.assert_allclose(channel, wanted, atol=1e-4 if mode[0] in "IF1" else 0.006)
    if channels == 4:
        np.testing.assert_array_equal(found[3], 1)


def test_a_picture_in_lab_is_grey_where_it_has_no_colours() -> None:
    found = pixels(shown("LAB"), 3, (3, 4))
    assert found[:, 0, 0].max() < 0.02 and found[:, -1, -1].min() > 0.98 and np.ptp(found, axis=0).max() < 0.02


def test_what_is_transparent_lies_on_white_unless_there_is_a_fourth_channel(tmp_path: Path) -> None:
    black = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
    black.putpixel((0, 0), (0, 0, 0, 255))
    palette = Image.new("P", (2, 2), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    palette.putpixel((0, 0), 1)
    palette.save(tmp_path / "palette.png", transparency=0)
    assert pixels(black, 1, (2, 2)).tolist() == [[[0, 1], [1, 1]]]
    assert pixels(black, 3, (2, 2))[:, 0, 0].tolist() == [0, 0, 0]
    assert pixels(black, 4, (2, 2))[3].tolist() == [[1, 0], [0, 0]]
    assert read_picture(tmp_path / "palette.png", 3, (2, 2)).reshape(3, 4).tolist() == [
        [1, 1, 1, 1],
        *[[0, 1, 1, 1]] * 2,
    ]


def test_pictures_of_other_numbers_are_refused_with_what_to_do() -> None:
    for array in (np.full((2, 2), 255, np.float32), np.full((2, 2), np.nan, np.float32)):
        with pytest.raises(Unreadable) as caught:
            pixels(Image.fromarray(array), 1, (2, 2))
        assert "not within 0 and 1" in caught.value.reason and ".npy" in caught.value.advice
    with pytest.raises(Unreadable, match="70,000"):
        pixels(Image.fromarray(np.full((2, 2), 70_000, np.int32)), 1, (2, 2))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
def test_every_orientation_of_exif_is_followed(orientation: int, ending: str, tmp_path: Path) -> None:
    seen = np.zeros((16, 32), np.uint8)
    seen[:8, :16] = 255  # white at the top left
    back = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}  # fmt: skip
    stored = Image.fromarray(seen).convert("RGB")
    stored = stored.transpose(back[orientation]) if orientation > 1 else stored
    tag = Image.Exif()
    tag[0x0112] = orientation
    path = tmp_path / f"a.{ending}"
    stored.save(path, exif=tag, **({"lossless": True} if ending == "webp" else {}))
    with Image.open(path) as picture:
        assert upright(picture).size == (32, 16)
    np.testing.assert_allclose(read_picture(path, 1, (16, 32))[0], seen / 255, atol=0.02)


def test_training_and_prediction_read_a_picture_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        Path("set", name).mkdir(parents=True)
    for index, mode in enumerate(["L", "I;16", "RGBA", "CMYK", "P", "F"]):
        kind = ".tiff" if mode in ("CMYK", "F") else ".png"
        shown(mode).save(Path("set", "ab"[index % 2], f"{index}{kind}"))
    for channels in (1, 3):
        spec = IMAGE.replace("CHANNELS", str(channels))
        model = nnspec.loads(spec)
        assert model.declarations is not None
        trained = read(read_plan(model.declarations, "C").recipe.data, tmp_path, frame_of(model.program), None)
        files = [file for name in ("a", "b") for file in sorted(Path("set", name).iterdir())]
        port = TensorPort("image", np.dtype(np.float32), ("N", channels, 8, 8))
        for file, image in zip(files, trained.fields["image"], strict=True):
            np.testing.assert_array_equal(given(file, port, {})[0], image.numpy())


def test_classes_of_pixels_are_never_scaled_or_mixed(tmp_path: Path) -> None:
    classes = np.array([[0, 1, 2], [1, 2, 0]], np.uint8)
    palette = Image.fromarray(classes).convert("P")
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
    for name, picture in {"grey": Image.fromarray(classes), "palette": palette,
                          "wide": Image.fromarray(classes.astype(np.uint16))}.items():  # fmt: skip
        picture.save(tmp_path / f"{name}.png")
        found = read_classes(tmp_path / f"{name}.png", (4, 6))
        assert found.dtype == np.int64 and found.tolist() == np.kron(classes, np.ones((2, 2), int)).tolist()
    Image.fromarray(classes > 0).save(tmp_path / "one.png")
    assert read_classes(tmp_path / "one.png", (2, 3)).tolist() == (classes > 0).astype(int).tolist()
    Image.new("RGB", (3, 2)).save(tmp_path / "colours.png")
    with pytest.raises(Unreadable, match="more than one number for each pixel"):
        read_classes(tmp_path / "colours.png", (2, 3))


def test_files_that_are_no_pictures_are_told_in_plain_words(tmp_path: Path) -> None:
    def reason(name: str) -> str:
        with pytest.raises(Unreadable) as caught:
            read_picture(tmp_path / name, 3, (8, 8))
        return caught.value.reason

    whole = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(whole, "PNG")
    (tmp_path / "cut.png").write_bytes(whole.getvalue()[:1000])
    (tmp_path / "text.png").write_text("this is no picture")
    (tmp_path / "program.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n")
    bomb = Image.new("1", (12_000, 12_000))
    bomb.save(tmp_path / "bomb.png")
    assert reason("cut.png") == "it is damaged" and reason("text.png") == reason("program.png") == "it is no picture"
    assert "12,000 x 12,000 pixels" in reason("bomb.png") and reason("none.png") == "there is no such file"


def test_of_several_frames_the_first_is_read(tmp_path: Path) -> None:
    frames = [Image.new("L", (4, 4), shade) for shade in (255, 0, 0)]
    for ending in ("gif", "tiff", "webp"):
        frames[0].save(tmp_path / f"a.{ending}", save_all=True, append_images=frames[1:])
        np.testing.assert_allclose(read_picture(tmp_path / f"a.{ending}", 1, (4, 4)), 1.0, atol=0.01)


def parts(tmp_path: Path, validation: str, names: tuple[str, ...] = ("cat", "dog")) -> None:
    for part, classes, count in (("train", ("cat", "dog"), 3), (validation, names, 2)):
        for shade, name in enumerate(classes):
            (tmp_path / "set" / part / name).mkdir(parents=True, exist_ok=True)
            for index in range(count):
                Image.new("L", (8, 8), 100 * shade + index).save(tmp_path / "set" / part / name / f"{index}.png")


@pytest.mark.parametrize("validation", ["val", "validation", "test", "valid"])
def test_a_folder_may_bring_its_own_validation_part(validation: str, tmp_path: Path) -> None:
    parts(tmp_path, validation)
    data = read_text('images("set")', tmp_path)
    own = data.own.test if validation == "test" else data.own.validation
    assert data.classes == ("cat", "dog") and own == range(6, 10) and len(data) == 10
    assert data.fields["label"].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 1, 1]
    assert validation in data.notes[0]
    result = nnspec.loads(IMAGE.replace("CHANNELS", "1")).train(
        runs=tmp_path, quiet=True, epochs=1, data=str(tmp_path / "set")
    )
    assert result.history


def test_files_that_are_no_pictures_by_their_endings_are_said(tmp_path: Path) -> None:
    parts(tmp_path, "val")
    (tmp_path / "set" / "train" / "cat" / "photo.heic").write_bytes(b"")
    assert "cat/photo.heic (1)" in read_text('images("set")', tmp_path).notes[-1]


def test_a_folder_may_bring_a_test_part_beside_that_for_validation(tmp_path: Path) -> None:
    parts(tmp_path, "val")
    parts(tmp_path, "test")
    parts(tmp_path, "more")
    data = read_text('images("set")', tmp_path)
    assert data.own.validation == range(6, 10) and data.own.test == range(10, 14) and len(data) == 14
    assert data.notes[:2] == ("its parts are train, val, test", "folders that are left out: more")


def test_parts_with_other_classes_are_a_mistake(tmp_path: Path) -> None:
    parts(tmp_path, "val", ("cat", "cow"))
    with pytest.raises(nnspec.SpecError, match="train has dog, and val has not"):
        read_text('images("set")', tmp_path)


def test_classes_may_be_called_train_and_test(tmp_path: Path) -> None:
    for name in ("train", "test"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for index in range(2):
            Image.new("L", (8, 8), index).save(tmp_path / "set" / name / f"{index}.png")
    data = read_text('images("set")', tmp_path)
    assert data.classes == ("test", "train") and data.held_out is None


def test_pairs_may_bring_their_own_validation_part(tmp_path: Path) -> None:
    for part, count in (("train", 3), ("val", 2)):
        for field in ("image", "mask"):
            (tmp_path / "set" / part / field).mkdir(parents=True)
            for index in range(count):
                Image.new("L", (8, 8), index + 100 * (field == "image")).save(
                    tmp_path / "set" / part / field / f"{index}.png"
                )
    data = read_text('pairs("set", labels = ["mask"])', tmp_path)
    assert data.held_out == 2 and data.fields["mask"][:, 0, 0].tolist() == [0, 1, 2, 0, 1]
    spec = "model S {\n  input image: float[N, 1, 8, 8]\n  output logits = Conv2d(3, 1)\n}\n"
    recipe = 'train {\n  data = pairs("set", labels = ["mask"])\n  loss = cross_entropy(logits, mask)\n}\n'
    (tmp_path / "s.nn").write_text(spec + recipe)
    assert CliRunner().invoke(main, ["check", str(tmp_path / "s.nn")]).exit_code == 0
    (tmp_path / "set" / "val" / "mask" / "1.png").unlink()
    with pytest.raises(nnspec.SpecError, match="these are missing: mask/1"):
        read_text('pairs("set", labels = ["mask"])', tmp_path)


def test_masks_stored_as_pictures_serve_losses_of_floats_unscaled(tmp_path: Path) -> None:
    for field in ("image", "mask"):
        (tmp_path / "set" / field).mkdir(parents=True)
        for index in range(4):
            grey = np.zeros((8, 8), np.uint8)
            grey[:, : 2 * index] = 1 if field == "mask" else 200
            Image.fromarray(grey).save(tmp_path / "set" / field / f"{index}.png")
    spec = """
    model S { input image: float[N, 1, 8, 8]  output logits = Conv2d(1, 1) }
    train {
      data = pairs("set", labels = ["mask"])
      loss = binary_cross_entropy_with_logits(logits, mask)
      metrics = [mean(max(max(mask, dim = 3), dim = 2))]
      epochs = 1
      split = 0.5
    }
    """.replace("  output", "\n  output")
    (tmp_path / "s.nn").write_text(spec)
    result = nnspec.load(tmp_path / "s.nn").train(runs=tmp_path, quiet=True)
    assert result.history and 0 < max(value for key, value in result.history[0].items() if "mean" in key) <= 1


def test_a_picture_is_opened_once_and_its_file_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, shown = tmp_path / "a.png", np.arange(36, dtype=np.uint8).reshape(4, 3, 3)
    Image.fromarray(shown).save(path)
    files: list[IO[bytes]] = []
    own = open

    def opened(place: Path, mode: str) -> IO[bytes]:
        files.append(own(place, mode))
        return files[-1]

    made = np.zeros((1, 4, 3, 3), np.uint8)
    read_into(made, [path], 3, (4, 3))  # which loads the formats of Pillow
    with monkeypatch.context() as patched:
        patched.setattr("nnspec.reading.pictures.open", opened, raising=False)
        patched.setattr("builtins.open", None)  # by which Pillow opens a path
        made[:] = 0
        read_into(made, [path], 3, (4, 3))
    assert np.array_equal(made[0], shown)
    assert len(files) == 1 and files[0].closed
