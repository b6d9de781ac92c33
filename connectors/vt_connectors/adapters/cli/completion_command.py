"""`vtaction completion`: prints a script for a shell. Nothing is started when the shell completes."""

from __future__ import annotations

import argparse
import sys

from ...contract import OK
from .completion.bash import bash_script
from .completion.fish import fish_script
from .completion.model import places
from .completion.zsh import zsh_script
from .parser import Parser

_SCRIPTS = {"bash": bash_script, "zsh": zsh_script, "fish": fish_script}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = """examples:
  bash: vtaction completion bash > ~/.local/share/bash-completion/completions/vtaction
  zsh:  vtaction completion zsh > ~/.zfunc/_vtaction    (a folder in $fpath, before compinit)
  fish: vtaction completion fish > ~/.config/fish/completions/vtaction.fish
  or for this shell only: source <(vtaction completion bash)"""
    parser.add_argument("shell", choices=sorted(_SCRIPTS), metavar="bash|zsh|fish")


def run_completion(options: argparse.Namespace, parser: Parser) -> int:
    """Print the script for the commands and options of `parser`. Returns the exit status."""
    sys.stdout.write(_SCRIPTS[options.shell](list(places(parser))))
    return OK
