# Sourced by the other scripts, and by hand (". scripts/lib.sh") to have the project's own tools on the PATH.
# .tools/ holds only what setup found in a wrong version elsewhere, so it comes first.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=$ROOT/.tools

# .tools/bin holds what cargo or a download brought, .tools/npm what npm brought.
case ":$PATH:" in
  *":$TOOLS/bin:"*) ;;
  *) PATH=$TOOLS/bin:$TOOLS/npm/node_modules/.bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH ;;
esac
export PATH
export TRUNK_SKIP_VERSION_CHECK=true

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
