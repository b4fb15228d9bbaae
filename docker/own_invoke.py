"""invoke, as bootstrap.py starts it: by this project's tasks, whatever the user's own settings say.

`~/.invoke.yaml` and its like may rename tasks, look for others, or not carry them out.
"""

import sys

from invoke import __version__
from invoke.config import Config

from docker.program import TaskProgram
from stages.errors import exit_code_of


class OwnConfig(Config):
    """Settings of invoke from files and variables that nobody has."""

    prefix = "vgg19-own-tasks"


program = TaskProgram(__version__, name="Invoke", binary="invoke", config_class=OwnConfig)

if __name__ == "__main__":
    sys.exit(exit_code_of("invoke", program.run))
