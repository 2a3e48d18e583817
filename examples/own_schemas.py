"""Write a client for a model that somebody else describes, and call it.

python examples/own_schemas.py out/acme
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

from runcomfy import Client

DOCUMENT = {
    "model_id": "acme/posters/text-to-image",
    "display_name": "Acme Posters",
    "categories": ["text-to-image"],
    "input_schema": {
        "type": "object",
        "required": ["prompt"],
        "properties": {
            "prompt": {"type": "string", "maxLength": 200},
            "paper": {"type": "string", "enum": ["A4", "A3"], "default": "A4"},
        },
    },
}


def main(folder: Path) -> None:
    """Generate the package ``acme`` under *folder*, and submit a job with it."""
    document = folder / "schemas" / f"{DOCUMENT['model_id']}.json"
    document.parent.mkdir(parents=True, exist_ok=True)
    document.write_text(json.dumps(DOCUMENT, indent=2), encoding="utf-8")
    command = ["runcomfy-codegen", "generate", "--package", "acme"]
    command += ["--schemas", str(folder / "schemas"), "--out", str(folder / "client")]
    subprocess.run(command, check=True)
    sys.path.insert(0, str(folder / "client"))
    model = importlib.import_module("acme.models.acme.posters_text_to_image")
    print(*model.validate({"prompt": "A fair", "paper": "A5"}))
    with Client() as client:  # the client of the one package runs the models of the other
        print(*model.run(client, prompt="A fair", paper="A3").urls)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
