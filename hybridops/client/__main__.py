"""`hybridops VERB …`: the API from a shell. How it ends is in `verbs.Exit`, and stays so."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from hybridops.client.errors import BadAnswer, NoAnswer, NotSignedIn, Problem
from hybridops.client.verbs import Exit
from hybridops.domain.errors import HybridopsError

LACKS = "hybridops: the command line needs httpx. Run pip install 'hybridops[client]'."


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        from hybridops.client import doing, parsing
        from hybridops.client.printing import say, say_json
    except ModuleNotFoundError as missing:
        if missing.name != "httpx":
            raise
        print(LACKS, file=sys.stderr)
        return Exit.USAGE
    asked = parsing.parser().parse_args(arguments)
    try:
        return doing.VERBS[asked.verb](asked)
    except HybridopsError as said:
        told = {
            "code": getattr(said, "code", ""),
            "detail": str(said),
            "field": getattr(said, "field", "") or "",
        }
        if asked.json:
            say_json({"error": told})
        else:
            say(f"hybridops: {f'{told["field"]}: ' if told['field'] else ''}{said}", sys.stderr)
        return _end(said)
    except EOFError:
        print("hybridops: nobody is there to answer; use --yes and --code.", file=sys.stderr)
        return Exit.USAGE
    except BrokenPipeError:
        return Exit.DONE
    except KeyboardInterrupt:
        return Exit.INTERRUPTED


def _end(said: HybridopsError) -> Exit:
    if isinstance(said, NotSignedIn):
        return Exit.SIGN_IN
    if isinstance(said, NoAnswer | BadAnswer):
        return Exit.NO_ANSWER
    return Exit.NO if isinstance(said, Problem) else Exit.USAGE


if __name__ == "__main__":
    sys.exit(main())
