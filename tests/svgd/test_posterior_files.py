"""Posteriors as files: what is written comes back, and nothing else is believed."""

import json
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from phasic.svgd import Posterior, PosteriorFormatError

from tests.svgd.posteriors import bare, of_data, stages

HISTORY = np.arange(12.0).reshape(3, 2, 2)
DIAGNOSTICS = {
    "stein_mean": 0.25,
    "stuck_particles": 3,
    "modes": np.ones((1, 2)),
    "grades": {"k_hat": np.nan},
}


@pytest.fixture
def posterior():
    return bare(
        HISTORY[-1],
        ("rate", "scale"),
        converged=False,
        diagnostics=DIAGNOSTICS,
        history=HISTORY.copy(),
        history_steps=(0, 5, 10),
        rewards=[[0.0, 1.0]],
        method="laplace",
    )


@pytest.fixture
def path(tmp_path, posterior):
    posterior.save(tmp_path / "fit.npz")
    return tmp_path / "fit.npz"


def same(first, second):
    """Equality of nested values, with NaN equal to itself and types kept."""
    if type(first) is not type(second):
        return False
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, tuple | list):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, np.ndarray):
        equal_nan = first.dtype.kind == "f"
        return first.dtype == second.dtype and np.array_equal(first, second, equal_nan=equal_nan)
    return first == second or (first != first and second != second)


def fields(posterior):
    return {name: value for name, value in vars(posterior).items() if name != "target"}


def test_every_field_comes_back(path, posterior):
    assert same(fields(Posterior.load(path)), fields(posterior))


numbers = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | numbers,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    particles=hnp.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 3)), unique=False),
    reason=st.text(),
    diagnostics=st.dictionaries(st.text(), values, max_size=4),
)
def test_any_content_comes_back(tmp_path_factory, particles, reason, diagnostics):
    names = tuple(f"theta[{i}]" for i in range(particles.shape[1]))
    posterior = bare(particles, names, reason=reason, diagnostics=diagnostics)
    path = tmp_path_factory.mktemp("fits") / "fit"
    posterior.save(path)
    assert same(fields(Posterior.load(path)), fields(posterior))


@pytest.mark.parametrize(
    "diagnostics",
    [
        {"a\0b": np.zeros(1), "a": np.ones(1)},
        {"a.b": np.zeros(1), "a": {"b": np.ones(1)}},
        {"": np.zeros(2), "../up": np.ones(2), "ä": np.ones(1)},
    ],
    ids=["NUL", "equal paths", "odd names"],
)
def test_names_that_an_archive_would_confuse(tmp_path, diagnostics):
    bare([[1.0]], diagnostics=diagnostics).save(tmp_path / "fit")
    assert same(Posterior.load(tmp_path / "fit").diagnostics, diagnostics)


def test_particles_are_read_only_after_loading(path):
    with pytest.raises(ValueError, match="read-only"):
        Posterior.load(path).particles[0, 0] = 1.0


def test_the_target_is_left_out_and_can_be_attached(tmp_path):
    fitted = of_data(stages(2).model(), [0.5, 1.5], [[1.0], [2.0]])
    fitted.save(tmp_path / "fit")
    loaded = Posterior.load(tmp_path / "fit")
    assert loaded.target is None
    again = loaded.with_target(stages(2).model(), [0.5, 1.5], fitted.target.prior.parts[0])
    assert same(again.log_likelihoods().values, fitted.log_likelihoods().values)


def test_a_target_with_other_parameters_is_refused():
    with pytest.raises(ValueError, match="theta_dim is 2, the model has 1 parameters"):
        of_data(stages(2).model(), [1.0], [[1.0, 2.0]], ("rate", "scale"))


def test_numpy_reads_the_arrays(path, posterior):
    with np.load(path, allow_pickle=False) as archive:
        assert np.array_equal(archive["particles"], posterior.particles)
        assert json.loads(bytes(archive["document"]))["format"] == "phasic posterior"


def test_the_name_is_taken_as_it_is(tmp_path, posterior):
    posterior.save(str(tmp_path / "fit"))
    assert list(tmp_path.iterdir()) == [tmp_path / "fit"]


def test_what_cannot_be_saved_is_named_and_the_old_file_stays(path):
    before = path.read_bytes()
    with pytest.raises(TypeError, match=r"diagnostics\.model is a object, which cannot be saved"):
        bare([[1.0]], diagnostics={"model": object()}).save(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_text_arrays_are_refused(tmp_path):
    with pytest.raises(TypeError, match=r"diagnostics\.labels is a ndarray"):
        bare([[1.0]], diagnostics={"labels": np.array(["a"], dtype=object)}).save(tmp_path / "fit")


def test_a_missing_folder_is_an_error_of_the_system(tmp_path, posterior):
    with pytest.raises(FileNotFoundError):
        posterior.save(tmp_path / "missing" / "fit")


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        Posterior.load(tmp_path / "fit")


def test_any_changed_byte_is_an_error_or_changes_nothing(path, posterior):
    data = path.read_bytes()
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x15]) + data[place + 1 :])
        try:
            loaded = Posterior.load(path)
        except PosteriorFormatError:
            continue
        assert same(fields(loaded), fields(posterior)), place


def test_any_truncation_is_an_error(path):
    data = path.read_bytes()
    for length in range(0, len(data), 11):
        path.write_bytes(data[:length])
        with pytest.raises(PosteriorFormatError, match="is no posterior that phasic saved, or it is damaged"):
            Posterior.load(path)


def stranger(kind, path):
    """Write a file of another kind."""
    if kind == "pickle":
        path.write_bytes(pickle.dumps({"particles": [1.0]}))
    elif kind == "npy":
        with path.open("wb") as stream:
            np.save(stream, np.ones(3))
    elif kind == "npz":
        with path.open("wb") as stream:
            np.savez(stream, particles=np.ones((2, 2)))
    elif kind == "npz of a pickle":
        with path.open("wb") as stream:
            np.savez(stream, document=np.array([{}], dtype=object))
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("document.npy", b"text")
    else:
        path.write_bytes(b"")


@pytest.mark.parametrize("kind", ["pickle", "npy", "npz", "npz of a pickle", "zip", "nothing"])
def test_other_files_are_refused(tmp_path, kind):
    stranger(kind, tmp_path / "fit")
    with pytest.raises(PosteriorFormatError, match=r"fit is no posterior.*fit again, or take the file from"):
        Posterior.load(tmp_path / "fit")


def rewritten(path, change):
    """Change the document of a file."""
    with np.load(path) as archive:
        arrays = dict(archive)
    head = json.loads(bytes(arrays.pop("document")))
    change(head)
    document = np.frombuffer(json.dumps(head).encode(), np.uint8)
    with path.open("wb") as stream:
        np.savez(stream, document=document, **arrays)


def test_another_format_is_named(path):
    rewritten(path, lambda head: head.update(format="tree"))
    with pytest.raises(PosteriorFormatError, match="it is 'tree'"):
        Posterior.load(path)


def test_a_later_version_is_named(path):
    rewritten(path, lambda head: head.update(version=2, phasic="9.0"))
    with pytest.raises(PosteriorFormatError, match=r"format 2, saved by phasic 9\.0.*reads format 1"):
        Posterior.load(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda head: head["fields"].pop("particles"),
        lambda head: head["fields"].update(colour="red"),
        lambda head: head["fields"].update(names={"tuple": ["rate"]}),
        lambda head: head["fields"].update(particles={"array": "nowhere"}),
        lambda head: head["fields"].update(particles={"pickle": "particles"}),
        lambda head: head.update(fields=[]),
    ],
    ids=["missing", "unknown", "other length", "no array", "unknown kind", "no fields"],
)
def test_a_file_that_contradicts_itself_is_refused(path, change):
    rewritten(path, change)
    with pytest.raises(PosteriorFormatError, match=r"contradicts itself.*: fit again, or take"):
        Posterior.load(path)
