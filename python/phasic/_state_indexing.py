"""Names for the entries of a state: which properties of a lineage, or of anything counted, an entry is of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, make_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phasic._check import position
from phasic._dropped import names, refuse


@dataclass(frozen=True)
class Property:
    """A whole number from `min_value` to `max_value`, by name.

    Attributes:
        name: What it is of, for `PropertySet` and `StateIndexer`.
        max_value: The largest value.
        min_value: The smallest value.

    Raises:
        ValueError: `max_value` is below `min_value`.

    Example:
        >>> phasic.Property("descendants", max_value=4, min_value=1).base
        4
    """

    name: str
    max_value: int
    min_value: int = 0
    offset: InitVar[int] = 0

    def __post_init__(self, offset: int) -> None:
        """Check the range; an `offset` moves it."""
        if offset:
            object.__setattr__(self, "min_value", self.min_value + offset)
            object.__setattr__(self, "max_value", self.max_value + offset)
        if position("max_value", self.max_value) < position("min_value", self.min_value):
            raise ValueError(f"property {self.name!r} has max_value {self.max_value} below {self.min_value}")

    @property
    def base(self) -> int:
        """How many values there are.

        Example:
            >>> phasic.Property("mutations", 10).base  # 0 to 10
            11
        """
        return self.max_value - self.min_value + 1

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.min_value, self.max_value + 1))

    def encode_value(self, value: int) -> int:
        """The value counted from 0.

        Example:
            >>> phasic.Property("deme", 3, min_value=1).encode_value(2)
            1
        """
        self.validate_value(value)
        return value - self.min_value

    def decode_value(self, encoded: int) -> int:
        """The value that is counted so.

        Example:
            >>> phasic.Property("deme", 3, min_value=1).decode_value(1)
            2
        """
        self.validate_value(encoded + self.min_value)
        return encoded + self.min_value

    def validate_value(self, value: int) -> None:
        """Raise ValueError unless the value is in range.

        Example:
            >>> try:
            ...     phasic.Property("mutations", 10).validate_value(11)
            ... except ValueError as error:
            ...     print(error)
            property 'mutations' is 11: it must be from 0 to 10
        """
        if not self.min_value <= value <= self.max_value:
            raise ValueError(
                f"property {self.name!r} is {value}: it must be from {self.min_value} to {self.max_value}"
            )


class PropertySet:
    """Entries of a state, one for each combination of properties; the first property varies fastest.

    Args:
        name: What the entries are of, for errors.
        properties: At least one, with different names.

    Attributes:
        name: The name given.
        properties: List of the properties given.

    Raises:
        ValueError: There is no property, or two have the same name.

    Example:
        >>> genes = phasic.PropertySet("gene", [phasic.Property("left", 2), phasic.Property("right", 3)])
        >>> genes.state_length, genes.props_to_index(left=1, right=2)  # 3 · 4 entries; 1 + 3 · 2
        (12, 7)
    """

    def __init__(self, name: str, properties: Sequence[Property]) -> None:
        self.name = name
        self.properties = list(properties)
        names = [each.name for each in self.properties]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"property set {name!r} has the properties {names}: at least one, all different")
        self._powers = np.cumprod([1, *(each.base for each in self.properties)])
        self._record = make_dataclass(f"{name.capitalize()}Props", [(n, int) for n in names], frozen=True)

    @property
    def state_length(self) -> int:
        """How many entries there are.

        Example:
            >>> genes = phasic.PropertySet("gene", [phasic.Property("left", 2), phasic.Property("right", 3)])
            >>> genes.state_length  # 3 · 4
            12
        """
        return int(self._powers[-1])

    def __len__(self) -> int:
        return self.state_length

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.state_length))

    def indices(self) -> NDArray[np.int64]:
        """The places of all entries, 0 to state_length − 1, (state_length,).

        Example:
            >>> phasic.PropertySet("sample", [phasic.Property("descendants", 3)]).indices().tolist()
            [0, 1, 2, 3]
        """
        return np.arange(self.state_length)

    def index_to_props(self, index: Any, as_dict: bool = False, as_values: bool = False) -> Any:
        """The properties of an entry; `i2p` is another name of it.

        Args:
            index: Its place in this set, or an array of places, (k,).
            as_dict: Give a dictionary instead of an object with attributes.
            as_values: Give an array of the values: (properties,), or (k, properties).

        Raises:
            IndexError: There is no such entry.

        Example:
            >>> genes = phasic.PropertySet("gene", [phasic.Property("left", 2), phasic.Property("right", 3)])
            >>> genes.index_to_props(7), genes.index_to_props(7).right
            (GeneProps(left=1, right=2), 2)
        """
        places = np.asarray(index)
        if places.size and not ((places >= 0) & (places < self.state_length)).all():
            raise IndexError(f"entry {index} does not exist: set {self.name!r} has {self.state_length}")
        least = [each.min_value for each in self.properties]
        bases = [each.base for each in self.properties]
        values = places[..., None] // self._powers[:-1] % bases + least
        if as_values:
            return values
        rows = [dict(zip(self._names(), map(int, row), strict=True)) for row in np.atleast_2d(values)]
        found = rows if as_dict else [self._record(**row) for row in rows]
        return found if places.ndim else found[0]

    def props_to_index(self, props: Any = None, **values: int) -> Any:
        """The place of an entry with these properties; if some are left out, the places of all that fit.

        `p2i` is another name of it.

        Args:
            props: A dictionary, an object that `index_to_props` gave, or an array of all values,
                (properties,) or (k, properties).
            **values: Instead of `props`, the values by name.

        Raises:
            ValueError: A property does not exist or has a value out of range; it is named.

        Example:
            >>> genes = phasic.PropertySet("gene", [phasic.Property("left", 2), phasic.Property("right", 3)])
            >>> genes.props_to_index(left=1, right=2), genes.props_to_index(right=2).tolist()
            (7, [6, 7, 8])
        """
        if (props is None) == (not values):
            raise ValueError("give props or the values by name, and not both")
        if isinstance(props, np.ndarray):
            rows = np.atleast_2d(props)
            places = np.array([self._place(dict(zip(self._names(), row, strict=True))) for row in rows])
            return places if props.ndim > 1 else int(places[0])
        given = values if props is None else vars(props) if isinstance(props, self._record) else dict(props)
        if set(given) == set(self._names()):
            return self._place(given)
        self._check(given)
        all_values = self.index_to_props(self.indices(), as_values=True)
        fits = [all_values[:, self._names().index(name)] == value for name, value in given.items()]
        return np.flatnonzero(np.logical_and.reduce(fits))

    i2p, p2i = index_to_props, props_to_index

    def _names(self) -> list[str]:
        return [each.name for each in self.properties]

    def _check(self, given: Mapping[str, int]) -> None:
        by_name = {each.name: each for each in self.properties}
        for name, value in given.items():
            if name not in by_name:
                raise ValueError(f"set {self.name!r} has no property {name!r}: it has {self._names()}")
            by_name[name].validate_value(value)

    def _place(self, given: Mapping[str, int]) -> int:
        self._check(given)
        digits = [given[each.name] - each.min_value for each in self.properties]
        return int(np.dot(digits, self._powers[:-1]))

    def __repr__(self) -> str:
        return f"PropertySet({self.name!r}, {self.properties})"


@dataclass(frozen=True)
class Slot:
    """A single entry, by name."""

    name: str


class Entry(tuple[str, Any]):
    """The name of a set and the properties that an entry has there; of a slot its name and None.

    By name, too: `entry.lineage` are the properties if it is of that set, True if it is that slot, else None.
    """

    _names: tuple[str, ...]

    @classmethod
    def _of(cls, name: str, props: Any, names: Iterable[str]) -> Entry:
        entry = cls((name, props))
        entry._names = tuple(names)
        return entry

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._names:
            raise AttributeError(f"this entry is of no set and no slot {name!r}")
        own, props = self
        return None if name != own else True if props is None else props


class StateIndexer:
    """The entries of a state by name: sets of properties, then slots of one entry each.

    A set is an attribute of its name, a `PropertySet`, whose places are counted from its own first entry. A
    slot is one too: its place in the state. Square brackets give the same.

    Args:
        *names: Names of single entries, in order.
        property_sets: Sets, in order; after them come those by name.
        slots: More single entries.
        **sets: Properties by the name of their set.

    Raises:
        ValueError: There is no entry at all, or a name is there twice.

    Example:
        >>> indexer = phasic.StateIndexer("epoch", lineage=[phasic.Property("descendants", 10)])
        >>> indexer.state_length, indexer.lineage.state_length, indexer.epoch
        (12, 11, 11)
    """

    def __init__(
        self,
        *names: str | Slot,
        property_sets: Sequence[PropertySet] | None = None,
        slots: Sequence[str | Slot] | None = None,
        **sets: Sequence[Property],
    ) -> None:
        single = [each.name if isinstance(each, Slot) else each for each in (*names, *(slots or ()))]
        given = [*(property_sets or ()), *(PropertySet(name, each) for name, each in sets.items())]
        self._build(single, given)

    def _build(self, slots: Sequence[str], sets: Sequence[PropertySet]) -> None:
        names = [*(each.name for each in sets), *slots]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"the names are {names}: at least one, all different")
        self._sets = {each.name: each for each in sets}
        ends = np.cumsum([each.state_length for each in self._sets.values()] or [0]).tolist()
        self._starts = dict(zip(self._sets, [0, *ends], strict=False))
        self._slots = {name: ends[-1] + i for i, name in enumerate(slots)}

    @property
    def state_length(self) -> int:
        """Entries of a state.

        Example:
            >>> phasic.StateIndexer("epoch", lineage=[phasic.Property("descendants", 10)]).state_length
            12
        """
        return sum(each.state_length for each in self._sets.values()) + len(self._slots)

    def property_sets(self) -> list[PropertySet]:
        """The sets, in order.

        Example:
            >>> indexer = phasic.StateIndexer("epoch", lineage=[phasic.Property("descendants", 10)])
            >>> [each.name for each in indexer.property_sets()]
            ['lineage']
        """
        return list(self._sets.values())

    def indices(self) -> NDArray[np.int64]:
        """The places of all entries, 0 to state_length − 1, (state_length,).

        Example:
            >>> phasic.StateIndexer("epoch", lineage=[phasic.Property("descendants", 2)]).indices().tolist()
            [0, 1, 2, 3]
        """
        return np.arange(self.state_length)

    @property
    def slots(self) -> dict[str, int]:
        """Places of the single entries.

        Example:
            >>> indexer = phasic.StateIndexer("epoch", lineage=[phasic.Property("descendants", 2)])
            >>> indexer.slots
            {'epoch': 3}
        """
        return dict(self._slots)

    def keys(self) -> list[str]:
        """Names of sets, then of single entries.

        Example:
            >>> indexer = phasic.StateIndexer("epoch", lineage=[phasic.Property("descendants", 2)])
            >>> indexer.keys()
            ['lineage', 'epoch']
        """
        return [*self._sets, *self._slots]

    def values(self) -> list[Any]:
        """Sets, then places of single entries.

        Example:
            >>> indexer = phasic.StateIndexer("epoch", lineage=[phasic.Property("descendants", 2)])
            >>> indexer.values()[1]
            3
        """
        return [*self._sets.values(), *self._slots.values()]

    def items(self) -> list[tuple[str, Any]]:
        """Names with sets, then with places of single entries.

        Example:
            >>> indexer = phasic.StateIndexer("epoch", lineage=[phasic.Property("descendants", 2)])
            >>> indexer.items()[1]
            ('epoch', 3)
        """
        return list(zip(self.keys(), self.values(), strict=True))

    def index_to_props(
        self, index: int, as_dict: bool = False, as_values: bool = False, flatten: bool = False
    ) -> Any:
        """The set of an entry and its properties there; of a slot its name and None.

        `i2p` is another name of it. The answer has the properties by the name of their set, too:
        `entry.lineage` is None where the entry is of another set.

        Args:
            index: Its place in the state.
            as_dict, as_values: As for `PropertySet.index_to_props`.
            flatten: Give the properties alone.

        Raises:
            IndexError: There is no such entry.

        Example:
            >>> indexer = phasic.StateIndexer("epoch", lineage=[phasic.Property("descendants", 10)])
            >>> indexer.index_to_props(3), indexer.index_to_props(11)
            (('lineage', LineageProps(descendants=3)), ('epoch', None))
        """
        for name, each in self._sets.items():
            place = index - self._starts[name]
            if 0 <= place < each.state_length:
                props = each.index_to_props(place, as_dict, as_values)
                return props if flatten else Entry._of(name, props, self.keys())
        for name, place in self._slots.items():
            if place == index:
                return None if flatten else Entry._of(name, None, self.keys())
        raise IndexError(f"entry {index} does not exist: a state has {self.state_length}")

    def props_to_index(self, pset_name: str | None = None, props: Any = None, **values: int) -> Any:
        """The place of an entry in the state; arguments as for `PropertySet.props_to_index`.

        `p2i` is another name of it.

        Args:
            pset_name: The set or slot; may be left out if one set alone has the properties.
            props: As there.
            **values: As there.

        Raises:
            ValueError: There is no such set, or as there.

        Example:
            >>> age = phasic.Property("age", 4)
            >>> phasic.StateIndexer(prey=[age], predator=[age]).props_to_index("predator", age=1)  # 5 + 1
            6
        """
        name: Any = pset_name
        if name is not None and not isinstance(name, str):
            name, props = None, name
        if name in self._slots:
            return self._slots[name]
        if name is None:
            name = self._set_of(props, values)
        if name not in self._sets:
            raise ValueError(f"there is no set {name!r}: there are {list(self._sets)}")
        return self._sets[name].props_to_index(props, **values) + self._starts[name]

    def _set_of(self, props: Any, values: Mapping[str, int]) -> str | None:
        """The only set with these properties."""
        if isinstance(props, Mapping) or props is None:
            wanted = set(props or values)
            fits = [name for name, each in self._sets.items() if wanted <= set(each._names())]
        else:
            fits = [name for name, each in self._sets.items() if isinstance(props, each._record)]
            fits = fits or list(self._sets)
        return fits[0] if len(fits) == 1 else None

    i2p, p2i = index_to_props, props_to_index

    def __getitem__(self, name: str) -> Any:
        return self._sets[name] if name in self._sets else self._slots[name]

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            for held in (self._sets, self._slots):
                if name in held:
                    return held[name]
            if name in names("phasic.StateIndexer"):
                refuse("phasic.StateIndexer", name)
        raise AttributeError(f"this indexer has no set and no slot {name!r}")

    def __contains__(self, name: object) -> bool:
        return name in self._sets or name in self._slots

    def __repr__(self) -> str:
        return f"StateIndexer({', '.join([*map(repr, self._sets.values()), *self._slots])})"
