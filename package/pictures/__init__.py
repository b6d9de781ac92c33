"""Pictures of the product for the documentation, taken from the real thing: `make pictures`.

Each module here is a program that draws one part into docs/pictures/: `python -m package.pictures.setup_page`.
"""
