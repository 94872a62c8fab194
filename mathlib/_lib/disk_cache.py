"""Machine code kept between processes, in a folder of the user's own."""

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MONTH = 30 * 24 * 3600.0
DIGEST = hashlib.sha256().digest_size


def folder() -> Path | None:
    """Return the cache folder (``MATHLIB_CACHE_DIR``, else below the user's cache), or None where none can be written.

    Object files are loaded and run, so a folder that somebody else could write to is not used.
    """
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        path = Path(os.environ.get("MATHLIB_CACHE_DIR") or Path(home) / "mathlib")
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        state = path.stat()
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        return None
    if hasattr(os, "getuid") and (state.st_uid != os.getuid() or state.st_mode & 0o022):
        return None
    return path if os.access(path, os.W_OK) else None


def kept(name: str, make: Callable[[], bytes]) -> bytes:
    """Return the bytes kept under ``name``; make and keep them first if they are not there.

    The name must hold a hash of all that ``make`` depends on; the file begins with a hash of the rest of it. Files not
    used for a month are removed on each write.
    """
    home = folder()
    if home is None:
        return make()
    path = home / name
    with contextlib.suppress(OSError):
        content = path.read_bytes()
        digest, code = content[:DIGEST], content[DIGEST:]
        if hashlib.sha256(code).digest() == digest:  # else the file was cut or damaged: loading it could crash
            os.utime(path)
            return code
    code = make()
    with contextlib.suppress(OSError):  # a full disk costs the cache, not the result
        with tempfile.NamedTemporaryFile(dir=home, suffix=".part", delete=False) as file:
            file.write(hashlib.sha256(code).digest() + code)
        os.replace(file.name, path)
        for old in home.iterdir():
            if time.time() - old.stat().st_mtime > MONTH:
                old.unlink(missing_ok=True)
    return code
