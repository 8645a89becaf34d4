"""Makes the wheels of a generated set and an index of them, laid out as a recorded mirror is."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import random
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from benchmarks.mirror import write_whole
from benchmarks.sets import GENERATED, Generated, project_name

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "1.2.3"
_OLDER = ("1.0", "1.1", "1.2.0", "1.2.1", "1.2.2")  # on the page, never asked for
_FORM = "1"  # part of the directory's name: a change of what is generated is a new one
_FILES_IN_FOLDER = 100
_TEXTS = 251
_SMALLEST_BYTES, _LARGEST_BYTES = 200, 4000
_STAMP = (2024, 1, 1, 0, 0, 0)


class Wheel(NamedTuple):
    """One generated archive."""

    name: str
    filename: str
    content: bytes
    metadata: bytes

    @property
    def sha256(self) -> str:
        """Digest of the archive."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def target(self) -> str:
        """Where a mirror has it."""
        digest = self.sha256
        return f"/files/0/{digest[:2]}/{digest[2:]}/{self.filename}"


def ensure_generated(set_name: str, below: Path) -> Path:
    """Return the mirror of a generated set, made below ``below`` where it is missing; `lock.txt` in it has the pins."""
    folder = below / f"{set_name}-{_FORM}"
    if not folder.exists():
        below.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(dir=below, prefix=".unfinished-"))
        try:
            write_index(GENERATED[set_name], unfinished)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def write_index(shape: Generated, folder: Path) -> None:
    """Write pages, wheels, metadata files and lock file of ``shape`` to ``folder``."""
    lines = []
    for wheel in wheels_of(shape):
        page = msgspec.json.encode(page_of(wheel))
        write_whole(folder / "pages" / f"{wheel.name}.json.gz", gzip.compress(page, 6, mtime=0))
        path = folder / wheel.target[1:]
        write_whole(path, wheel.content)
        write_whole(path.with_name(path.name + ".metadata"), wheel.metadata)
        lines.append(f"{wheel.name}=={VERSION} \\\n    --hash=sha256:{wheel.sha256}\n")
    write_whole(folder / "lock.txt", "".join(lines).encode())


def page_of(wheel: Wheel) -> dict[str, object]:
    """Return the project page of a wheel, with some older versions on it (PEP 691, 700, 714)."""
    files = [_file_on_page(f"{wheel.filename.split('-')[0]}-{old}-py3-none-any.whl", old, None) for old in _OLDER]
    files.append(_file_on_page(wheel.filename, VERSION, wheel))
    return {"meta": {"api-version": "1.1"}, "name": wheel.name, "versions": [*_OLDER, VERSION], "files": files}


def wheels_of(shape: Generated) -> Iterator[Wheel]:
    """Make the wheels of ``shape``: the same bytes each time."""
    texts = _texts()
    for number in range(shape.distributions):
        children = [child for child in (2 * number + 1, 2 * number + 2) if child < shape.distributions]
        yield _wheel(number, shape.files, children, texts)


def _wheel(number: int, files: int, children: list[int], texts: list[bytes]) -> Wheel:
    name = project_name(number)
    module = name.replace("-", "_")
    information = f"{module}-{VERSION}.dist-info"
    requires = "".join(f"Requires-Dist: {project_name(child)}>=1.0\n" for child in children)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\nSummary: generated\n{requires}\n".encode()
    members = {
        f"{module}/{_place(index)}": b"# %d of %s\n%s" % (index, name.encode(), texts[(number * 7 + index) % _TEXTS])
        for index in range(files)
    }
    members[f"{information}/METADATA"] = metadata
    members[f"{information}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    rows = [f"{path},sha256={_record_digest(data)},{len(data)}\n" for path, data in members.items()]
    members[f"{information}/RECORD"] = ("".join(rows) + f"{information}/RECORD,,\n").encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as packed:
        for path, data in members.items():
            packed.writestr(_member(path), data)
    return Wheel(name, f"{module}-{VERSION}-py3-none-any.whl", archive.getvalue(), metadata)


def _member(path: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(path, _STAMP)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o100644 << 16
    return member


def _place(index: int) -> str:
    return "__init__.py" if index == 0 else f"part{index // _FILES_IN_FOLDER:04}/module{index:06}.py"


def _texts() -> list[bytes]:
    """Return texts that look like source to a compressor, of as many sizes."""
    chance = random.Random(26)  # noqa: S311 - the same texts each time, on purpose
    words = [f"name_{chance.randrange(10**6)}" for _ in range(400)]
    texts = []
    for _ in range(_TEXTS):
        size = chance.randint(_SMALLEST_BYTES, _LARGEST_BYTES)
        lines = []
        while size > 0:
            lines.append(f"{chance.choice(words)} = {chance.choice(words)}({chance.choice(words)!r})\n")
            size -= len(lines[-1])
        texts.append("".join(lines).encode())
    return texts


def _file_on_page(filename: str, version: str, wheel: Wheel | None) -> dict[str, object]:
    """Return one entry of a page; an older version has no file behind it."""
    digest = wheel.sha256 if wheel else hashlib.sha256(filename.encode()).hexdigest()
    metadata = {"sha256": hashlib.sha256(wheel.metadata).hexdigest()} if wheel else True
    return {
        "filename": filename,
        "url": wheel.target if wheel else f"/files/0/{digest[:2]}/{digest[2:]}/{filename}",
        "hashes": {"sha256": digest},
        "requires-python": ">=3.8",
        "size": len(wheel.content) if wheel else 1000,
        "upload-time": f"2024-01-0{min(9, len(version))}T00:00:00.000000Z",
        "yanked": False,
        "core-metadata": metadata,
    }


def _record_digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
