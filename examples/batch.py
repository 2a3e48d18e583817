"""Make a picture of each row of a CSV file, and name the files after its first column.

    python examples/batch.py prompts.csv pictures

The file has the columns ``name`` and ``prompt``. Stop it at any point and start it again: the
journal beside the pictures knows what was submitted, so nothing is paid twice, and files that are
there are not fetched again.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from runcomfy import Client, Result
from runcomfy.models.google import nano_banana_2_lite_text_to_image as model


def main(table: Path, folder: Path) -> int:
    """Make the pictures; return how many rows came to nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    with table.open(encoding="utf-8", newline="") as file:
        names = {row["prompt"]: row["name"] for row in csv.DictReader(file)}
    failed = 0
    with Client() as client:
        inputs = [{"prompt": prompt} for prompt in names]
        for value, outcome in model.map(client, inputs, journal=folder / "journal.sqlite3"):
            name = names[value["prompt"]]
            if isinstance(outcome, Result):
                print(outcome.save(folder / f"{name}.png"))
            else:  # one row's error stops no other
                failed += 1
                print(f"{name}: {outcome}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
