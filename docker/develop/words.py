"""`python -m docker.develop.words`: finds the words that docker/develop/words.txt lists."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from docker.paths import ROOT

LIST = Path(__file__).with_name("words.txt")
KINDS = ("*.md", "*.py", "*.toml", "*.yaml", "*.yml", "*.sh", "*.in", "*.ipynb", "Dockerfile")
PLACES = (".", ".github/**", "deploy/**", "docker/**", "docs/**", "stages/**", "tests/**")
EXCEPT = "except "


def find(root: Path = ROOT, listed: str = LIST.read_text(encoding="utf-8")) -> Iterator[str]:
    """Yield `path:line: "words"; write ...` for each that a text has."""
    rules = [line for line in listed.splitlines() if line and not line.startswith("#")]
    pairs = [rule.split(" => ") for rule in rules if not rule.startswith(EXCEPT)]
    unwanted = [(re.compile(expression), instead) for expression, instead in pairs]
    paths = {path for place in PLACES for kind in KINDS for path in root.glob(f"{place}/{kind}")}
    left_out = {root / rule.removeprefix(EXCEPT) for rule in rules if rule.startswith(EXCEPT)}
    for path in sorted(paths - left_out):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for expression, instead in unwanted:
                if match := expression.search(line):
                    place = f"{path.relative_to(root)}:{number}"
                    yield f'{place}: "{match[0].strip()}"; write {instead}'


if __name__ == "__main__":
    lines = list(find())
    print("\n".join(lines))
    sys.exit(bool(lines))
