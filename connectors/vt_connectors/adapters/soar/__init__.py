"""Adapters for SOAR platforms: for each a codec, and for all of them one loop and two ways in.

`exchange.py` has the loop, `outcome.py` what a response means, `in_process.py` and `serve_client.py` the ways in. A
platform that cannot install this package gets a bundle with copies of the modules that it needs
(`package/bundles/embedding.py`), so a codec, `exchange.py`, `outcome.py`, `serve_client.py` and `server_address.py`
import only each other and the standard library.
"""
