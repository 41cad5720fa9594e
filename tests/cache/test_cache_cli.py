"""``phasic cache``: what each command prints, its JSON, and its exit status."""

import io
import json
import os
import subprocess
import sys
import zlib

import phasic
import pytest
from phasic import cli
from phasic._pipe import STATUS
from phasic.cache import CacheManager, _cli, _cli_commands, _cli_text, _doctor, default_manager

from tests.cache.conftest import environment
from tests.models import block_counting

DONE, PROBLEMS, USAGE, UNUSABLE = 0, 1, 2, 3
JAX_FILE = f"jit_step-{'ab' * 32}-cache"
TRACE = phasic.Graph(callback=lambda state: block_counting(state, n=4)).trace()
COMMANDS = ["status", "path", "list", "verify", "prune", "prewarm", "doctor"]


@pytest.fixture
def filled():
    """The default cache with a trace, a function and a compiled program."""
    manager = default_manager()
    metadata = {"n_vertices": TRACE.n_vertices, "param_length": 0}
    manager.put_trace(TRACE.key, TRACE.to_bytes(), metadata=metadata)
    manager.put("function", "1" * 64, b"recipe")
    program = manager.path / "xla" / "jaxlib" / JAX_FILE
    program.parent.mkdir(parents=True)
    program.write_bytes(zlib.compress(b"program"))
    return manager


@pytest.fixture
def run(capsys):
    """Run a command; its exit status, output and errors."""

    def run(*arguments):
        try:
            status = cli.main(["cache", *map(str, arguments)])
        except SystemExit as stop:
            status = stop.code
        out, errors = capsys.readouterr()
        return status, out, errors

    return run


def test_status_shows_every_layer(run, filled):
    status, out, errors = run("status")
    assert (status, errors) == (DONE, "")
    first, *rows, last = out.splitlines()
    assert "healthy" in first and "of 10.0 GiB" in first and "free" in first
    assert [row.split()[0] for row in rows] == ["layer", "traces", "functions", "xla"]
    assert rows[1].split()[1] == "1"
    assert last == "tiers  memory 0 hits · disk 0 hits · shared off · remote off"


def test_status_counts_what_earlier_processes_did(run, filled, monkeypatch, tmp_path):
    filled.close()
    reader = CacheManager(filled.path)
    assert reader.get_trace(TRACE.key) and reader.get_trace(TRACE.key) and reader.get_trace("a" * 64) is None
    reader.close()
    monkeypatch.setenv("PHASIC_CACHE_SHARED", str(tmp_path / "group"))
    monkeypatch.setenv("PHASIC_CACHE_REMOTE", "https://me:secret@host/cache")
    traces, tiers = (run("status")[1].splitlines()[number] for number in (2, -1))
    assert traces.split()[-4:] == ["2", "1", "0", "s"]
    assert tiers == (
        f"tiers  memory 1 hit · disk 1 hit · shared 0 hits ({tmp_path / 'group'})"
        " · remote 0 hits (https://…@host/cache)"
    )
    layer = json.loads(run("status", "--json")[1])["layers"]["trace"]
    assert (layer["hits"], layer["misses"], layer["stores"]) == (2, 1, 1)


def test_without_a_command_it_is_status(run, filled):
    assert run() == run("status")


def test_status_creates_nothing(run, tmp_path):
    assert run("status")[0] == DONE
    assert list(tmp_path.iterdir()) == []


def test_status_says_that_the_cache_is_off(run, filled, monkeypatch):
    monkeypatch.setenv("PHASIC_CACHE", "off")
    assert "switched off" in run("status")[1]


def test_path_prints_the_path(run, filled):
    assert run("path") == (DONE, f"{filled.path}\n", "")


def test_list_has_a_line_for_each_entry(run, filled):
    status, out, _ = run("list")
    assert status == DONE
    assert {line.split()[0] for line in out.splitlines()[1:]} == {"trace", "function", "xla"}
    assert TRACE.key[:16] in out and f"{TRACE.n_vertices} vertices" in out and "jit_step" in out


def test_list_of_one_layer_and_at_most_so_many(run, filled):
    assert len(run("list", "--layer", "trace")[1].splitlines()) == 2
    assert run("list", "--limit", 1)[1].splitlines()[-1] == "and 2 more"


@pytest.mark.parametrize("key", [TRACE.key, TRACE.key[:6], f"trace/{TRACE.key[:1]}"])
def test_show_takes_a_prefix(key, run, filled):
    status, out, _ = run("show", key)
    assert status == DONE
    assert TRACE.key in out and "checked   sound" in out


def test_show_of_an_unknown_key(run, filled):
    status, _, errors = run("show", "abcdef123")
    assert status == PROBLEMS and "no entry" in errors


def test_show_of_a_prefix_of_several_keys(run, filled):
    for number in range(3):
        filled.put("function", f"{number:x}" * 64, b"recipe")
        filled.put("other", f"{number:x}" * 64, b"recipe")
    status, _, errors = run("show", "2")
    assert status == USAGE and "function/2222" in errors and "other/2222" in errors


@pytest.mark.parametrize("key", ["../x", "XYZ", "", "a" * 65, "trace/../b"])
def test_show_of_what_is_no_key(key, run, filled):
    assert run("show", key)[0] == USAGE


def test_show_of_a_damaged_entry(run, filled):
    filled.put_trace("c" * 64, b"no trace")
    status, out, _ = run("show", "c" * 64)
    assert status == PROBLEMS and "not a valid trace" in out


def test_verify_names_damage_and_repairs_it(run, filled):
    filled.put_trace("c" * 64, b"no trace")
    status, out, _ = run("verify")
    assert status == PROBLEMS and "4 entries checked, 1 problem" in out
    assert run("verify", "--repair", "--deep")[0] == PROBLEMS
    assert run("verify")[:2] == (DONE, "3 entries checked, 0 problems\n")


def test_prune_by_size(run, filled):
    status, out, _ = run("prune", "--max-size", "0")
    assert status == DONE and "3 removed" in out and "0 left" in out


def test_prune_by_age(run, filled):
    assert "0 removed" in run("prune", "--max-age", "1h")[1]
    assert "3 removed" in run("prune", "--max-age", "0d")[1]


def test_a_dry_run_of_prune_shows_what_would_go(run, filled):
    arguments = ("prune", "--max-size", "0", "--dry-run")
    status, out, _ = run(*arguments)
    *rows, last = out.splitlines()[1:]
    assert status == DONE and sorted(row.split()[0] for row in rows) == ["function", "trace", "xla"]
    assert last.startswith("3 entries, ") and last.endswith("and 0 files of killed processes would go")
    report = json.loads(run(*arguments, "--json")[1])
    assert {row["key"] for row in report["entries"]} == {TRACE.key, "1" * 64, "ab" * 32}
    assert len(filled.list()) == report["removed"] == 3


def test_a_dry_run_of_prune_with_nothing_to_do(run, filled):
    assert run("prune", "--dry-run")[1] == "0 entries, 0 B, and 0 files of killed processes would go\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("bogus",),
        ("list", "--sort", "name"),
        ("list", "--limit", "-1"),
        ("list", "--limit", "²"),
        ("prune", "--max-size", "much"),
        ("prune", "--max-size", "-1G"),
        ("prune", "--max-age", "soon"),
        ("import",),
        ("import", "missing-file"),
        ("export",),
    ],
)
def test_wrong_use(arguments, run, filled, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    status, out, errors = run(*arguments)
    assert (status, out) == (USAGE, "") and errors


def test_clear_never_asks_where_nobody_answers(run, filled, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    status, _, errors = run("clear")
    assert status == USAGE and "--yes" in errors
    assert len(filled.list()) == 3


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("yes\n", 0), ("n\n", 3), ("\n", 3), ("", 3)])
def test_clear_asks_on_a_terminal(answer, left, run, filled, monkeypatch):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    status, _, errors = run("clear")
    assert (status == DONE) == (left == 0) and "[y/N]" in errors
    assert len(filled.list()) == left


def test_clear_with_yes(run, filled):
    assert run("clear", "--layer", "xla", "--yes")[0] == DONE
    assert {row["layer"] for row in filled.list()} == {"trace", "function"}
    assert run("clear", "--yes")[0] == DONE
    assert filled.list() == []


def test_clear_refuses_a_foreign_folder(run, monkeypatch, tmp_path):
    foreign = tmp_path / "foreign" / "phasic-v1"
    foreign.mkdir(parents=True)
    (foreign / "notes.txt").write_text("mine")
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(foreign.parent))
    assert run("clear", "--yes")[0] == USAGE
    assert (foreign / "notes.txt").read_text() == "mine"


def test_export_and_import(run, filled, monkeypatch, tmp_path):
    file = tmp_path / "archive"
    status, out, _ = run("export", file)
    assert status == DONE and "3 entries" in out
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "fresh"))
    status, out, _ = run("import", file)
    assert status == PROBLEMS and "2 entries refused" in out and "1 trace taken" in out
    status, out, _ = run("import", file, "--trust")
    assert status == DONE and "1 here already" in out
    assert len(default_manager().list()) == 3


def test_export_of_a_key(run, filled, tmp_path):
    status, out, _ = run("export", tmp_path / "archive", "--key", TRACE.key[:8], "--key", "xla/abab")
    assert status == DONE and "1 trace, 1 xla" in out


def test_export_of_a_layer(run, filled, tmp_path):
    assert "(1 function)" in run("export", tmp_path / "archive", "--layer", "function")[1]


def test_export_of_nothing(run, filled, tmp_path):
    status, _, errors = run("export", tmp_path / "archive", "--key", "dead")
    assert status == PROBLEMS and "nothing" in errors
    assert not (tmp_path / "archive").exists()


def test_export_spares_other_files(run, filled, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    assert run("export", tmp_path / "thesis.tex")[0] == USAGE
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_import_of_a_bad_archive(run, filled, tmp_path):
    (tmp_path / "archive").write_bytes(b"no archive")
    status, _, errors = run("import", tmp_path / "archive")
    assert status == PROBLEMS and "no archive" in errors


def test_import_dry_run(run, filled, monkeypatch, tmp_path):
    run("export", tmp_path / "archive", "--layer", "trace", "--no-compress")
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "fresh"))
    status, out, _ = run("import", tmp_path / "archive", "--dry-run")
    assert status == DONE and "would be taken" in out
    assert not (tmp_path / "fresh").exists()


SCRIPT = """
import sys
from phasic.cache import default_manager

print("the script speaks")
manager = default_manager()
for digit in sys.argv[2]:
    manager.get_or_compute("trace", digit * 64, lambda: b"data")
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def script_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    path = tmp_path / "fit.py"
    path.write_text(SCRIPT)
    return path


def test_prewarm_of_a_script_says_what_it_stored(run, filled, script_file):
    first = json.loads(run("prewarm", "--json", script_file, "--", 0, "23")[1])
    assert (first["status"], first["stored"], first["found"]) == (0, {"trace": 2}, {})
    assert first["size_bytes"] > 0
    status, out, _ = run("prewarm", script_file, "--", 0, "234")
    assert status == DONE and out.startswith("2 traces found, 1 trace stored, ")


def test_prewarm_of_a_script_that_fails(run, filled, script_file):
    status, out, _ = run("prewarm", script_file, "--", 7, "")
    assert status == PROBLEMS and "ended with status 7" in out and "nothing stored" in out


@pytest.mark.parametrize("words", [["no/such.py"], ["abc", "XYZ"]])
def test_prewarm_of_what_is_neither_key_nor_script(words, run, filled):
    status, out, errors = run("prewarm", *words)
    assert (status, out) == (USAGE, "") and errors


def test_prewarm_of_a_key(run, filled):
    status, out, _ = run("prewarm", TRACE.key[:5])
    assert status == DONE and out.startswith("1 trace read")


@pytest.mark.parametrize("command", COMMANDS)
def test_json_of_every_command(command, run, filled):
    status, out, errors = run(command, "--json")
    assert (status, errors) == (DONE, "")
    assert isinstance(json.loads(out), dict)


def test_json_of_commands_with_arguments(run, filled, tmp_path):
    assert json.loads(run("show", TRACE.key, "--json")[1])["sound"] is True
    assert json.loads(run("export", tmp_path / "a", "--json")[1])["entries"] == 3
    assert json.loads(run("import", tmp_path / "a", "--json")[1])["present"] == 1
    assert json.loads(run("clear", "--yes", "--json")[1])["removed"] == 3
    assert json.loads(run("--json")[1])["layers"]["trace"]["entries"] == 0


def test_json_of_an_error(run, filled):
    status, out, errors = run("show", "dead", "--json")
    assert (status, errors) == (PROBLEMS, "") and "no entry" in json.loads(out)["error"]


@pytest.mark.parametrize("command", [*COMMANDS, "clear --yes", "show aa", "export a", "import a"])
def test_a_cache_that_cannot_be_used(command, run, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PHASIC_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.chdir(tmp_path)
    assert run(*command.split())[0] == UNUSABLE
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_home_no_exception(command, run, monkeypatch):
    monkeypatch.setenv("PHASIC_CACHE_DIR", "~nobody-of-this-name/cache")
    assert run(command)[0] == UNUSABLE


def test_names_of_a_stranger_do_not_steer_the_terminal(run, filled):
    filled.put("function", "2" * 64, b"recipe", metadata={"\x1b[2J": 1})
    out = run("show", "2222")[1]
    assert "\x1b" not in out and "\\x1b[2J" in out


def test_the_module_is_a_command(filled):
    command = [sys.executable, "-W", "error", "-m", "phasic.cache", "path"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{filled.path}\n", "")


@pytest.mark.parametrize("command", ["status", "list", "verify", "doctor", "show"])
@pytest.mark.parametrize("module", [["phasic.cache"], ["phasic.cli", "cache"]])
def test_a_reader_that_leaves_ends_a_command_without_a_word(module, command, filled):
    reading, writing = os.pipe()
    os.close(reading)
    words = [command, TRACE.key] if command == "show" else [command]
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", *module, *words],
            stdout=closed,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    assert (done.returncode, done.stderr) == (STATUS, b"")


def test_looking_imports_no_jax(script, filled):
    code = """
        import sys
        from phasic.cache import _cli
        for command in ("status", "list", "verify", "doctor"):
            assert _cli.main([command]) == 0
        print("jax" in sys.modules)
    """
    assert script(code).splitlines()[-1] == "False"


def test_the_doctor_finds_nothing_in_a_sound_cache(run, filled):
    status, out, _ = run("doctor")
    assert status == DONE and "0 problems" in out and "BAD" not in out
    words = {line.split()[1] for line in out.splitlines()[:-1]}
    assert {"environment", "folder", "disk", "lock", "leftovers", "index", "jax", "versions"} <= words


def test_the_doctor_leaves_nothing_behind(run, filled):
    before = sorted(path.name for path in filled.path.iterdir())
    run("doctor")
    assert sorted(path.name for path in filled.path.iterdir()) == before


def test_the_doctor_reports_older_folders(filled, monkeypatch, tmp_path):
    (tmp_path / "home" / ".phasic_cache").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    texts = [finding.text for finding in _doctor.examine(filled) if finding.about == "older"]
    assert len(texts) == 1 and ".phasic_cache" in texts[0]


def test_the_doctor_shows_variables_without_passwords(filled, monkeypatch):
    monkeypatch.setenv("PHASIC_CACHE_REMOTE", "https://me:secret@host/cache")
    texts = " ".join(finding.text for finding in _doctor.examine(filled))
    assert "PHASIC_CACHE_REMOTE=https://…@host/cache" in texts and "secret" not in texts


def test_the_doctor_notices_open_folders_and_leftovers(filled):
    filled.path.chmod(0o755)
    (filled.path / "index.bad-0123abcd").mkdir()
    states = {finding.about: finding.state for finding in _doctor.examine(filled)}
    assert states["folder"] == "note"
    assert states["leftovers"] == "ok"  # younger than an hour: somebody may be at work


def test_the_doctor_notices_a_lock_that_is_held(filled, monkeypatch):
    from phasic.cache._lock import file_lock

    monkeypatch.setattr(_doctor, "_LOCK_SECONDS", 0.01)
    with file_lock(filled.path / "doctor.lock", 0.0):
        (finding,) = [found for found in _doctor.examine(filled) if found.about == "lock"]
    assert finding.state == "problem"


def test_the_doctor_names_the_folder_of_jax(filled, monkeypatch):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "/somewhere")
    (finding,) = [found for found in _doctor.examine(filled) if found.about == "jax"]
    assert "/somewhere" in finding.text


def test_the_file_system_is_that_of_the_longest_mount_point(tmp_path):
    mounts = tmp_path / "mountinfo"
    nested = tmp_path / "a b"
    nested.mkdir()
    lines = [
        "1 0 8:1 / / rw - ext4 /dev/a rw",
        rf"2 1 0:9 / {tmp_path}/a\040b rw shared:1 - nfs4 server:/x rw",
        "garbage",
    ]
    mounts.write_text("\n".join(lines))
    assert _doctor.file_system(nested, mounts) == "nfs4"
    assert _doctor.file_system(tmp_path, mounts) == "ext4"
    assert _doctor.file_system(tmp_path, tmp_path / "missing") is None


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 << 30, "3.0 GiB"), (1 << 60, "1048576 TiB")],
)
def test_sizes(count, text):
    assert _cli_text.size(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(-5, "0 s"), (59, "59 s"), (3600, "1 h"), (1e6, "12 d")])
def test_durations(seconds, text):
    assert _cli_text.duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "count"), [("0", 0), ("500MB", 500_000_000), ("1.5 GiB", 3 << 29), ("2t", 2 * 10**12), ("7B", 7)]
)
def test_sizes_are_read(text, count):
    assert _cli._size(text) == count


@pytest.mark.parametrize(("text", "days"), [("12h", 0.5), ("30", 30), ("30d", 30), ("2w", 14)])
def test_ages_are_read(text, days):
    assert _cli._age(text) == days


def test_the_manager_is_closed_after_a_command(run, filled):
    assert run("list")[0] == DONE
    assert not filled._store._disk._live.is_open
    assert CacheManager(filled.path).get_trace(TRACE.key) == TRACE.to_bytes()
    assert _cli_commands.DONE == DONE
