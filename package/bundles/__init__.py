"""Bundles for SOAR platforms: `python -m package.bundles [--out FOLDER] [PLATFORM ...]`, or `make bundles`.

Each folder here is a platform. Its `bundle.py` has `build(manifest, out)`, which writes the bundle below the folder
`out` and returns its main file or folder.
"""
