"""Places where a cache is no good, by name: what to do to the folder, the environment and the process.

A place is a function over a `Stage`. What needs rights or hardware that a test does not have, it emulates,
and says so in its docstring.
"""

import contextlib
import fcntl
import functools
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from phasic.cache import CacheManager

from .faults import KEY, LARGE, SMALL, database
from .use import merger

LINUX = sys.platform == "linux"
#: Root overrides modes until it gives up two capabilities, and keeps them given up only over `exec`.
DROP = (
    "import ctypes, os, sys; c = ctypes.CDLL(None); [c.prctl(24, n, 0, 0, 0) for n in (1, 2)];"
    "os.execv(sys.argv[1], sys.argv[1:])"
)


@dataclass
class Stage:
    """What a place is made of.

    Attributes:
        root: a folder to do anything in, given back afterwards.
        environment: variables of the process; the cache folder is not there yet.
        before: code run in the process before the cache is used.
        between: code run between the first use and the second.
        bound: whether modes bind the process even if the user is root.
        mounts: a shell command run where the process alone sees its mounts.
        cleanup: what to undo.
    """

    root: Path
    environment: dict[str, str]
    before: str = ""
    between: str = ""
    bound: bool = False
    mounts: str = ""
    cleanup: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def folder(self) -> Path:
        """Folder of the cache, unless the place chooses another."""
        return self.root / "cache"

    def move(self, folder: "str | os.PathLike[str]") -> None:
        """Put the cache elsewhere."""
        self.environment["PHASIC_CACHE_DIR"] = os.fspath(folder)

    def fill(self) -> None:
        """Make the cache, with a trace of the model that is used, and two more entries."""
        manager = CacheManager(self.folder)
        trace = merger().trace()
        assert manager.put_trace(trace.key, trace.to_bytes())
        assert manager.put("other", KEY, SMALL) and manager.put("other", "f" * 64, LARGE)
        manager.close()

    def protect(self, folder: Path) -> None:
        """Take away the right to write to everything below a folder, for who is bound by modes."""
        self.bound = True
        paths = [*sorted(folder.rglob("*"), reverse=True), folder]
        for path in paths:
            path.chmod(0o500 if path.is_dir() else 0o400)
        for path in paths:
            self.cleanup.callback(_open, path)

    def command(self, script: str) -> list[str]:
        """Command line of a process in this place."""
        command = [sys.executable, "-W", "error", "-c", script]
        if self.bound:
            command = [sys.executable, "-c", DROP, *command]
        if self.mounts:
            command = ["unshare", "-rm", "sh", "-c", f'set -e; {self.mounts}; exec "$@"', "sh", *command]
        return command


Place = Callable[[Stage], None]
PLACES: dict[str, Place] = {}


def place(make: Place) -> Place:
    """Enter a place under the name of its function."""
    PLACES[make.__name__] = make
    return make


@functools.cache
def can_mount() -> bool:
    """Whether a process here may have mounts of its own."""
    trial = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    try:
        return LINUX and subprocess.run(trial, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


# Homes and names.


@place
def no_home_variable(stage: Stage) -> None:
    """The home folder is in the list of users only."""
    del stage.environment["HOME"], stage.environment["PHASIC_CACHE_DIR"]


@place
def no_home_and_no_user(stage: Stage) -> None:
    """A container with an unknown user (emulated: the list of users is empty)."""
    del stage.environment["HOME"], stage.environment["PHASIC_CACHE_DIR"]
    stage.before = "import pwd\ndef getpwuid(user): raise KeyError(user)\npwd.getpwuid = getpwuid\n"


@place
def home_that_does_not_exist(stage: Stage) -> None:
    del stage.environment["PHASIC_CACHE_DIR"]
    stage.environment["HOME"] = str(stage.root / "not" / "there")


@place
def home_is_a_device(stage: Stage) -> None:
    del stage.environment["PHASIC_CACHE_DIR"]
    stage.environment["HOME"] = "/dev/null"


@place
def home_is_relative(stage: Stage) -> None:
    del stage.environment["PHASIC_CACHE_DIR"]
    stage.environment["HOME"] = "here"


@place
def system_cache_folder_is_relative(stage: Stage) -> None:
    del stage.environment["PHASIC_CACHE_DIR"]
    stage.environment["XDG_CACHE_HOME"] = "here"


@place
def empty_name(stage: Stage) -> None:
    stage.move("")


@place
def home_of_an_unknown_user(stage: Stage) -> None:
    stage.move("~nobody-of-this-name/cache")


@place
def name_with_a_nul(stage: Stage) -> None:
    """No environment holds such a name (emulated: the cache is told so)."""
    stage.before = "from phasic.cache import _paths\n_paths.default_dir = lambda: _paths.absolute('a\\0b')\n"


@place
def name_too_long_for_a_folder(stage: Stage) -> None:
    stage.move(stage.root / ("a" * 300))


@place
def path_too_long_for_the_system(stage: Stage) -> None:
    stage.move(stage.root / ("deep/" * 1000))


@place
def name_with_a_newline(stage: Stage) -> None:
    stage.move(stage.root / "two\nlines")


@place
def name_that_is_no_text(stage: Stage) -> None:
    stage.move(stage.root / os.fsdecode(b"\xff\xfe"))


@place
def name_of_a_variable(stage: Stage) -> None:
    stage.move(stage.root / "$HOME")


@place
def name_that_reads_as_an_address(stage: Stage) -> None:
    stage.move(stage.root / "a%2fb?mode=ro#c:")


@place
def working_folder_that_is_gone(stage: Stage) -> None:
    stage.move("cache")
    gone = stage.root / "gone"
    gone.mkdir()
    stage.before = f"import os\nos.chdir({str(gone)!r})\nos.rmdir({str(gone)!r})\n"


# Things in the way.


@place
def file_in_the_way(stage: Stage) -> None:
    stage.folder.write_text("mine")


@place
def below_a_file(stage: Stage) -> None:
    (stage.root / "file").write_text("mine")
    stage.move(stage.root / "file" / "cache")


@place
def pipe(stage: Stage) -> None:
    os.mkfifo(stage.folder)


@place
def socket_in_the_way(stage: Stage) -> None:
    listener = stage.cleanup.enter_context(socket.socket(socket.AF_UNIX))
    # The name of a socket has at most 108 bytes.
    here = os.open(stage.root, os.O_RDONLY)
    stage.cleanup.callback(os.close, here)
    listener.bind(f"/proc/self/fd/{here}/cache" if LINUX else "cache")


@place
def link_to_nowhere(stage: Stage) -> None:
    stage.folder.symlink_to(stage.root / "nowhere" / "at" / "all")


@place
def links_in_a_ring(stage: Stage) -> None:
    stage.folder.symlink_to(stage.root / "other")
    (stage.root / "other").symlink_to(stage.folder)


@place
def folder_of_another_user(stage: Stage) -> None:
    """Emulated: the process takes itself for another user."""
    stage.fill()
    stage.before = "import os\nos.geteuid = lambda: 4321\n"


@place
def link_to_a_folder_of_another_user(stage: Stage) -> None:
    """Emulated: the process takes itself for another user."""
    (stage.root / "theirs").mkdir()
    stage.folder.symlink_to(stage.root / "theirs")
    stage.before = "import os\nos.geteuid = lambda: 4321\n"


@place
def folder_of_other_things(stage: Stage) -> None:
    stage.folder.mkdir()
    (stage.folder / "thesis.tex").write_text("mine")


@place
def world_writable(stage: Stage) -> None:
    stage.fill()
    stage.folder.chmod(0o777)


@place
def list_of_processes(stage: Stage) -> None:
    stage.move("/proc/phasic")


@place
def kernel_settings(stage: Stage) -> None:
    stage.move("/sys/phasic")


@place
def full_device(stage: Stage) -> None:
    stage.move("/dev/full")


@place
def marker_is_a_folder(stage: Stage) -> None:
    (stage.folder / ".phasic-cache").mkdir(parents=True)


@place
def index_is_a_file(stage: Stage) -> None:
    stage.fill()
    (stage.folder / "index").rename(stage.root / "index")
    (stage.folder / "index").write_text("mine")


@place
def database_is_a_folder(stage: Stage) -> None:
    (stage.folder / "index" / "cache.db" / "deeper").mkdir(parents=True)
    (stage.folder / ".phasic-cache").touch()


@place
def database_is_a_pipe(stage: Stage) -> None:
    stage.fill()
    (stage.folder / "index" / "cache.db").unlink()
    os.mkfifo(stage.folder / "index" / "cache.db")


@place
def lock_is_a_pipe(stage: Stage) -> None:
    stage.fill()
    (stage.folder / "index.lock").unlink(missing_ok=True)
    os.mkfifo(stage.folder / "index.lock")


@place
def locks_are_a_link(stage: Stage) -> None:
    stage.fill()
    (stage.folder / "locks").symlink_to(stage.root / "nowhere")


# No right to write.


@place
def read_only_and_empty(stage: Stage) -> None:
    stage.folder.mkdir()
    stage.protect(stage.folder)


@place
def read_only_and_filled(stage: Stage) -> None:
    stage.fill()
    stage.protect(stage.folder)


@place
def below_a_read_only_folder(stage: Stage) -> None:
    (stage.root / "closed").mkdir()
    stage.move(stage.root / "closed" / "cache")
    stage.protect(stage.root / "closed")


@place
def unreadable(stage: Stage) -> None:
    stage.fill()
    stage.bound = True
    stage.folder.chmod(0)
    stage.cleanup.callback(_open, stage.folder)


@place
def read_only_index(stage: Stage) -> None:
    stage.fill()
    stage.protect(stage.folder / "index")


@place
def every_mode_masked(stage: Stage) -> None:
    stage.bound = True
    stage.before = "import os\nos.umask(0o777)\n"
    stage.cleanup.callback(_open, stage.folder)


@place
def read_only_file_system(stage: Stage) -> None:
    stage.fill()
    folder = stage.folder
    stage.mounts = f'mount --bind "{folder}" "{folder}"; mount -o remount,ro,bind "{folder}"'


# No room.


@place
def full_file_system(stage: Stage) -> None:
    """A file system of 64 KiB: too small for the index."""
    stage.folder.mkdir()
    stage.mounts = f'mount -t tmpfs -o size=64k,mode=700 none "{stage.folder}"'


@place
def nearly_full_file_system(stage: Stage) -> None:
    """Room for the index and the small entries, but not for the large one."""
    small = stage.root / "small"
    small.mkdir()
    stage.move(small / "cache")
    stage.mounts = f'mount -t tmpfs -o size=200k,mode=700 none "{small}"'


@place
def no_inodes_left(stage: Stage) -> None:
    stage.folder.mkdir()
    stage.mounts = f'mount -t tmpfs -o nr_inodes=4,mode=700 none "{stage.folder}"'


@place
def files_of_no_length(stage: Stage) -> None:
    """The system refuses every write to a file, SQLite's too."""
    stage.before = (
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    )


@place
def full_while_in_use(stage: Stage) -> None:
    stage.between = (
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
    )


@place
def above_the_quota(stage: Stage) -> None:
    """Emulated at every write of a value file and every statement that writes a row."""
    stage.before = (
        "import errno, sqlite3\nfrom phasic.cache import _values\nfrom phasic.cache._index import Index\n"
        "def write(file, part): raise OSError(errno.EDQUOT, 'Disk quota exceeded')\n"
        "def keep(*_, **__): raise sqlite3.OperationalError('database or disk is full')\n"
        "_values._write_all, Index.keep = write, keep\n"
    )


@place
def no_descriptors_left(stage: Stage) -> None:
    """From the first use of the cache on, no file can be opened; modules are loaded before."""
    stage.before = NO_DESCRIPTORS.format(
        load="import phasic._trace_check, phasic.cache._disk, phasic.cache._listing, phasic.cache._verify"
    )


@place
def no_descriptors_left_for_modules(stage: Stage) -> None:
    """As `no_descriptors_left`, and the cache has not yet loaded what it needs for the disk."""
    stage.before = NO_DESCRIPTORS.format(
        load="import phasic._trace_check, phasic.cache._listing, phasic.cache._verify"
    )


@place
def no_descriptors_left_in_use(stage: Stage) -> None:
    stage.between = NO_DESCRIPTORS.format(load="")


NO_DESCRIPTORS = (
    "import os, resource\n{load}\n"
    "merger().pdf([1.0]), clock()\n"
    "lowest = os.open('/dev/null', os.O_RDONLY)\nos.close(lowest)\n"
    "resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))\n"
)


# Others at work.


@place
def vanishes_in_use(stage: Stage) -> None:
    stage.between = f"import shutil\nshutil.rmtree({str(stage.folder)!r})\n"


@place
def replaced_by_a_file_in_use(stage: Stage) -> None:
    folder = str(stage.folder)
    stage.between = f"import shutil\nshutil.rmtree({folder!r})\nopen({folder!r}, 'w').close()\n"


@place
def database_emptied_in_use(stage: Stage) -> None:
    stage.between = f"import os\nos.truncate({str(stage.folder / 'index' / 'cache.db')!r}, 0)\n"


@place
def locked_by_another_process(stage: Stage) -> None:
    stage.fill()
    holder = database(stage.folder)
    stage.cleanup.callback(holder.close)
    holder.execute("BEGIN EXCLUSIVE")


@place
def lock_file_of_a_living_process(stage: Stage) -> None:
    stage.fill()
    _hold(stage, stage.folder / "index.lock")


@place
def turn_of_a_living_process(stage: Stage) -> None:
    """Another process has the lock under which entries are computed, and does not say for which."""
    stage.fill()
    (stage.folder / "locks").mkdir()
    for number in range(256):
        _hold(stage, stage.folder / "locks" / f"{number:02x}")
    stage.before = "from phasic.cache import default_manager\ndefault_manager().clear(confirm=True)\n"


@place
def forks_while_open(stage: Stage) -> None:
    stage.between = (
        "import os\nchild = os.fork()\nif child == 0:\n    use()\n    os._exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
    )


@place
def entries_of_a_later_version(stage: Stage) -> None:
    """An entry of a format that is not known lies where that of the model would."""
    from phasic.cache._entry import VERSION, seal

    stage.fill()
    key = merger().trace().key
    sealed = bytearray(seal("trace", key, b"another format"))
    position = sealed.index(VERSION.to_bytes(2, "little"), 8)
    sealed[position : position + 2] = (VERSION + 1).to_bytes(2, "little")
    connection = database(stage.folder)
    connection.execute("UPDATE Cache SET value = ? WHERE key = ?", (bytes(sealed), f"trace/{key}"))
    connection.close()


@place
def index_of_a_later_version(stage: Stage) -> None:
    stage.fill()
    connection = database(stage.folder)
    connection.execute("ALTER TABLE Cache ADD COLUMN later")
    connection.execute("INSERT INTO Settings VALUES ('later', 1)")
    connection.close()


@place
def home_on_the_network(stage: Stage) -> None:
    """Emulated: the list of mounts says so."""
    device = stage.root.stat().st_dev
    mounts = stage.root / "mounts"
    mounts.write_text(f"36 21 {os.major(device)}:{os.minor(device)} / / rw - nfs4 server:/home rw\n")
    stage.environment["TMPDIR"] = str(stage.root / "node")
    (stage.root / "node").mkdir()
    stage.before = (
        "from pathlib import Path\nfrom phasic.cache import _network\n"
        f"_network._MOUNTS = Path({str(mounts)!r})\n"
    )


@place
def home_on_the_network_and_no_temporary_folder(stage: Stage) -> None:
    """Emulated: the list of mounts says so."""
    home_on_the_network(stage)
    stage.before += (
        "import tempfile\n"
        "def gettempdir(): raise FileNotFoundError(2, 'No usable temporary directory found')\n"
        "tempfile.gettempdir = gettempdir\n"
    )


# Clocks.


def _clock(stage: Stage, years: float) -> None:
    stage.fill()
    stage.before = f"import time\nreal = time.time\ntime.time = lambda: real() + {years} * 365.25 * 86400\n"


@place
def clock_in_the_past(stage: Stage) -> None:
    """Emulated: Python's clock is 60 years slow, before 1970."""
    _clock(stage, -60)


@place
def clock_in_the_future(stage: Stage) -> None:
    """Emulated: Python's clock is 300 years fast."""
    _clock(stage, 300)


@place
def files_of_the_future(stage: Stage) -> None:
    stage.fill()
    for path in [stage.folder, *stage.folder.rglob("*")]:
        os.utime(path, (2**33, 2**33))


@place
def files_from_before_1970(stage: Stage) -> None:
    stage.fill()
    for path in [stage.folder, *stage.folder.rglob("*")]:
        os.utime(path, (-(2**31), -(2**31)))


def _open(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.chmod(0o700)


def _hold(stage: Stage, path: Path) -> None:
    """Keep the kernel's lock on a file until the stage is cleared."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    stage.cleanup.callback(os.close, descriptor)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
