"""Makes the pictures beside this script, with Pillow 12: `python3 make.py`. Nothing runs it: the files are kept."""

import io
import math
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent
WIDTH, HEIGHT = 96, 64
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><!-- what a program remembers of a picture --></x:xmpmeta>"


def scene() -> Image.Image:
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            wave = math.sin(x / 9) * math.cos(y / 7)
            picture.putpixel((x, y), (int(128 + 90 * wave), 40 + 2 * y, 255 - 2 * x))
    ImageDraw.Draw(picture).ellipse((20, 10, 60, 50), fill=(250, 220, 120))
    return picture


def exif(orientation: int) -> bytes:
    words = Image.Exif()
    words[0x0112] = orientation
    words[0x010E] = "a picture that a camera describes at some length"
    return words.tobytes()


def keep(name: str, picture: Image.Image, **how: object) -> None:
    kept = io.BytesIO()
    picture.save(kept, **how)
    (HERE / name).write_bytes(kept.getvalue())


picture = scene()
clear = picture.copy()
clear.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
keep("baseline.jpg", picture, format="JPEG", quality=80, exif=exif(1), comment="said beside it")
keep("turned.jpg", picture, format="JPEG", quality=80, exif=exif(6))
keep("restarts.jpg", picture, format="JPEG", quality=70, subsampling="4:2:2", restart_marker_blocks=3)
keep("grey.jpg", picture.convert("L"), format="JPEG", quality=75)
keep("progressive.jpg", picture, format="JPEG", quality=80, progressive=True, comment="said beside it")
keep("lossy.webp", picture, format="WEBP", quality=80, exif=exif(1), xmp=XMP)
keep("lossless.webp", clear, format="WEBP", lossless=True, exif=exif(1), xmp=XMP)
keep("picture.avif", picture, format="AVIF", quality=60, exif=exif(1), xmp=XMP)
keep("clear.avif", clear, format="AVIF", quality=60, xmp=XMP)
