"""Pack the integration, as it was last committed, into dist/directcall.zip."""

import argparse
import io
import json
from pathlib import Path
import re
import subprocess
import tarfile
import time
from typing import Final
import zipfile

ROOT: Final = Path(__file__).parent.parent
INTEGRATION: Final = "custom_components/directcall"
ZIP: Final = Path("dist", "directcall.zip")


def version(tag: str) -> str:
    """Return the version that a tag like `v1.2.3` or `1.2.3-beta.1` names.

    Raises ValueError for a tag that names none.
    """
    if match := re.fullmatch(r"v?(\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?)", tag):
        return match[1]
    error = f"{tag} is not a version like v1.2.3"
    raise ValueError(error)


def pack(root: Path, new_version: str) -> Path:
    """Write the zip, with a version stamped into the manifest, and return where it is.

    The files stand at the top of the zip, as the Marketplace expects. The same commit and version
    always give the same zip. The files are as old as the commit: if every release gave them the
    same age, Python would take an updated file of the same size for the one it compiled before.
    """
    archive = subprocess.run(
        ["git", "archive", "--format=tar", "HEAD", INTEGRATION],
        cwd=root,
        check=True,
        capture_output=True,
    ).stdout
    target = root / ZIP
    target.parent.mkdir(exist_ok=True)
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for member in source:
            if file := source.extractfile(member):
                name = member.name.removeprefix(f"{INTEGRATION}/")
                content = file.read()
                if name == "manifest.json":
                    content = stamp(content, new_version)
                info = zipfile.ZipInfo(name, time.gmtime(member.mtime)[:6])
                info.external_attr = 0o644 << 16
                packed.writestr(info, content, zipfile.ZIP_DEFLATED)
    return target


def stamp(manifest: bytes, new_version: str) -> bytes:
    """Return the manifest with another version, and otherwise as it is."""
    old = json.dumps(json.loads(manifest)["version"])
    return manifest.replace(
        f'"version": {old}'.encode(), f'"version": {json.dumps(new_version)}'.encode()
    )


def main() -> None:
    """Pack the version that the command line names."""
    parser = argparse.ArgumentParser(prog="scripts/release", description=__doc__)
    parser.add_argument("version", type=version, help="such as 1.2.3 or v1.2.3")
    print(pack(ROOT, parser.parse_args().version).relative_to(ROOT))


if __name__ == "__main__":
    main()
