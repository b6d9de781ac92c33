"""Bills of materials in CycloneDX: `python -m package.release.sbom FOLDER CACHE DATE`.

It needs the Python of .venv-release, which has the library for them.
FOLDER has the .spl and the wheel, and gets a document for each; CACHE has the libraries of the app; DATE is in seconds
since 1970. The app's document names the libraries in it, with the hash of the file that each was taken from; the
wheel's names the requirements that pip installs beside it.
"""

from __future__ import annotations

import hashlib
import sys
import tarfile
import uuid
import zipfile
from collections.abc import Iterator
from datetime import datetime, timezone
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement

from package.spl.build_error import BuildError
from package.spl.build_spl import VENDOR_LISTS
from package.spl.vendoring import VendorList, find_cached, read_lists, sha256_of

OURS = "Apache-2.0"
# What some libraries write instead of the identifier of the SPDX list.
SPDX = {"Apache 2": "Apache-2.0", "http://www.apache.org/licenses/LICENSE-2.0": "Apache-2.0"}
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "vt-connectors.invalid")


def app_document(spl: Path, cache: Path, date: int) -> str:
    """The document of the Splunk app. Raises `BuildError` if a library is not in `cache` or has no clear licence."""
    carried = [component for libraries in read_lists(VENDOR_LISTS) for component in _carried(libraries, cache)]
    # Libraries that both Pythons share are in the app once.
    once = {str(component.purl): component for component in carried}
    return _document(_product(spl, ComponentType.APPLICATION), list(once.values()), date)


def wheel_document(wheel: Path, date: int) -> str:
    """The document of the Python package."""
    wanted = [Requirement(text) for text in _metadata(wheel).get_all("Requires-Dist", [])]
    return _document(_product(wheel, ComponentType.LIBRARY), [_required(each) for each in wanted], date)


def _carried(libraries: VendorList, cache: Path) -> Iterator[Component]:
    for name, path in find_cached(libraries.pins, cache).items():
        [version] = [pin.version for pin in libraries.pins if pin.name == name]
        yield Component(
            name=name,
            version=version,
            bom_ref=f"{name}@{version}",
            purl=PackageURL("pypi", None, name, version),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256_of(path))],
            licenses=[_licence(path)],
            scope=ComponentScope.REQUIRED,
        )


def _required(wanted: Requirement) -> Component:
    name = wanted.name.lower()
    is_optional = wanted.marker is not None and "extra" in str(wanted.marker)
    return Component(
        name=name,
        bom_ref=str(wanted),
        purl=PackageURL("pypi", None, name),
        scope=ComponentScope.OPTIONAL if is_optional else ComponentScope.REQUIRED,
        properties=[Property(name="vt-connectors:requirement", value=str(wanted))],
    )


def _product(path: Path, kind: ComponentType) -> Component:
    name, version = path.stem.split("-")[:2]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest)]
    return Component(
        name=name,
        version=version,
        type=kind,
        bom_ref=f"{name}@{version}",
        hashes=hashes,
        licenses=[LicenseFactory().make_from_string(OURS)],
    )


def _document(product: Component, components: list[Component], date: int) -> str:
    # A number that depends on the content only, so that two builds write the same.
    [content] = product.hashes
    bom = Bom(components=components, serial_number=uuid.uuid5(_NAMESPACE, content.content))
    bom.metadata.timestamp = datetime.fromtimestamp(date, timezone.utc)
    bom.metadata.component = product
    bom.register_dependency(product, components)
    text = str(JsonV1Dot6(bom).output_as_string(indent=2)) + "\n"
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        raise BuildError(f"the bill of materials of {product.name} does not match the schema of CycloneDX: {wrong}")
    return text


def _licence(path: Path) -> LicenseExpression:
    metadata = _metadata(path)
    named = metadata.get("License-Expression") or metadata.get("License") or ""
    licence = LicenseFactory().make_from_string(SPDX.get(named, named)) if named else None
    if licence is None or getattr(licence, "name", None):
        raise BuildError(f"{path.name}: {named!r} is no licence of the SPDX list; add it to package/release/sbom.py")
    return licence


def _metadata(path: Path) -> Message:
    """The metadata of a wheel or an sdist."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
            return HeaderParser().parsestr(wheel.read(name).decode("utf-8"))
    with tarfile.open(path) as sdist:
        [info] = [each for each in sdist if each.name.count("/") == 1 and each.name.endswith("/PKG-INFO")]
        content = sdist.extractfile(info)
        return HeaderParser().parsestr(content.read().decode("utf-8") if content else "")


def main() -> int:
    """Write a document for each product in the folder. Returns the exit status, 0 or 1."""
    folder, cache, date = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    try:
        for spl in folder.glob("*.spl"):
            (folder / f"{spl.stem}.cdx.json").write_text(app_document(spl, cache, date), "utf-8")
        for wheel in folder.glob("*.whl"):
            name = "-".join(wheel.stem.split("-")[:2])
            (folder / f"{name}.cdx.json").write_text(wheel_document(wheel, date), "utf-8")
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
