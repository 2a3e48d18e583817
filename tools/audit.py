"""Check the installed packages for known security advisories. ``make lint`` runs this.

Rules:

- An advisory fails the check. So does an audit that fails for an unknown reason.
- If the advisories can't be fetched, the check says so and doesn't fail, because a build must be
  possible without a network.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

#: Texts in pip-audit's errors that mean that the service can't be reached.
_OFFLINE = ("ConnectionError", "ConnectTimeout", "ReadTimeout", "Connection to", "ServiceError")

#: The timeout for each answer and for the whole audit, in seconds.
_TIMEOUT = 10
_TOTAL = 300


def main(arguments: list[str]) -> int:
    """Audit the current environment.

    Args:
        arguments: Options for pip-audit, such as ``--osv-url URL``.

    Returns:
        The exit code: 0 if there are no findings or no verdict, otherwise 1.
    """
    command = [
        *(sys.executable, "-m", "pip_audit", "--skip-editable", "--format", "json"),
        *("--progress-spinner", "off", "--vulnerability-service", "osv"),
        *("--timeout", str(_TIMEOUT), *arguments),
    ]
    try:
        run = subprocess.run(  # noqa: S603 - a fixed command, without a shell
            command, capture_output=True, text=True, check=False, timeout=_TOTAL
        )
    except subprocess.TimeoutExpired:
        return _unknown(f"no verdict in {_TOTAL} seconds")
    try:
        report: Any = json.loads(run.stdout)
    except ValueError:
        said = run.stderr.strip().splitlines() or ["nothing"]
        if any(word in run.stderr for word in _OFFLINE):
            return _unknown(said[-1][:200])
        print(f"pip-audit failed: {said[-1]}", file=sys.stderr)
        return 1
    return _verdict(report["dependencies"])


def _unknown(reason: str) -> int:
    print(f"NOT AUDITED: the advisories can't be had here ({reason})", file=sys.stderr)
    return 0


def _verdict(packages: list[dict[str, Any]]) -> int:
    found = [
        f"{one['name']} {one['version']}: {advisory['id']}, mended in "
        f"{' or '.join(advisory['fix_versions']) or 'no version'}"
        for one in packages
        for advisory in one.get("vulns", ())
    ]
    skipped = [f"{one['name']}: {one['skip_reason']}" for one in packages if "skip_reason" in one]
    audited = len(packages) - len(skipped)
    for line in found:
        print(line, file=sys.stderr)
    for line in skipped:
        print(f"not audited: {line}")
    print(f"{audited} packages audited, {len(found)} advisories")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
